import Figures
import Kernel

/// A status report for people: a line for each matter, names in front, units behind.
struct StatusTable {
  private let report: StatusReport

  init(_ report: StatusReport) {
    self.report = report
  }

  /// The lines.
  var text: String {
    let rows = [
      ("weir", report.version), ("workers", workers), ("queue", queue), ("events", events),
      ("streams", streams), ("deliveries", deliveries), ("lag", lag),
      ("pace", "\(report.paceMilliseconds) ms from an event to the pass that sends it"),
      (
        "replays",
        "\(number(report.replays.streams)) streams, \(number(report.replays.events)) events"
      ), ("gaps", number(report.gaps)), ("publishes", publishes), ("groups", groups),
      (
        "keys",
        "\(number(report.keys.remembered)) remembered, at most \(number(UInt64(report.keys.maximum)))"
      ), ("delayed", delayed),
    ]
    let width = rows.map(\.0.count).max() ?? 0
    return rows.map { name, text in
      name + String(repeating: " ", count: width + 2 - name.count) + text + "\n"
    }.joined()
  }

  private var workers: String {
    guard let seconds = report.uptimeSeconds, let durability = report.durability else {
      return "none runs; what they counted is kept"
    }
    return "\(report.workers), up \(duration(seconds)), durability \(durability)"
  }

  private var queue: String {
    let queue = report.queue
    return "\(bytes(UInt64(queue.bytes))) in \(number(UInt64(queue.segments))) segment"
      + (queue.segments == 1 ? "" : "s")
      + (queue.readOnly ? ", READ-ONLY: a write has failed, see `weir check`" : "")
  }

  private var events: String {
    let queue = report.queue
    guard let oldest = queue.oldest, let newest = queue.newest else { return "none" }
    return "\(number(UInt64(queue.events))), \(oldest) to \(newest)"
  }

  private var streams: String {
    let streams = report.streams
    return "\(number(streams.open)) open: \(number(streams.live)) live, "
      + "\(number(streams.behind)) behind; \(number(streams.opened)) opened, "
      + "\(number(streams.refused)) refused"
  }

  private var deliveries: String { "\(number(report.deliveries)), \(bytes(report.bytes))" }

  private var lag: String {
    let lag = report.lagMilliseconds
    guard lag.count > 0 else { return "nothing delivered live yet" }
    let texts = [("p50", lag.p50), ("p99", lag.p99), ("max", lag.max)].map { name, bound in
      bound.map { "\(name) ≤ \(number($0)) ms" } ?? "\(name) > 65,536 ms"
    }
    return texts.joined(separator: ", ")
  }

  private var publishes: String {
    let publishes = report.publishes
    let counts =
      "\(number(publishes.acknowledged)) acknowledged, \(number(publishes.refused)) refused"
    guard let p50 = publishes.latencyMicroseconds.p50, let p99 = publishes.latencyMicroseconds.p99
    else { return counts }
    return "\(counts); p50 ≤ \(number(p50)) µs, p99 ≤ \(number(p99)) µs"
  }

  private var groups: String {
    let groups = report.groups
    if groups.isEmpty { return "none" }
    let members = groups.reduce(0) { $0 + $1.members }
    return "\(number(UInt64(groups.count))): \(number(UInt64(members))) members, "
      + "\(number(groups.reduce(0) { $0 + $1.waiting })) events waiting, "
      + "\(number(UInt64(groups.reduce(0) { $0 + $1.given }))) given; see `weir groups`"
  }

  private var delayed: String {
    let delayed = report.delayed
    let dropped =
      delayed.dropped == 0
      ? "" : "; \(number(delayed.dropped)) dropped, whose topics had ended by then"
    guard let due = delayed.nextDue else { return "none waits\(dropped)" }
    let rest = max(0, due - Clock.unixMilliseconds()) / 1000
    return "\(number(delayed.waiting)) wait, the next is due "
      + (rest == 0 ? "now" : "in \(duration(Int(clamping: rest)))") + dropped
  }

  private func number(_ value: UInt64) -> String { Amounts.number(value) }
  private func bytes(_ count: UInt64) -> String { Amounts.bytes(count) }
  private func duration(_ seconds: Int) -> String { Amounts.duration(seconds) }
}
