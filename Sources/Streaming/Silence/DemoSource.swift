import EventStream
package import FileQueue
import FoundationEssentials
import Kernel

/// A source of events that are made up and never in the queue: the examples people know.
package struct DemoSource: Sendable {
  /// Which example.
  package enum Kind: Sendable {
    /// The time, with ids from 1.
    case time
    /// A made-up number of users.
    case dashboard
  }

  let kind: Kind
  /// What was asked for.
  let filter: TopicFilter
  /// Between two events.
  let interval: Duration
  /// The event that ends the stream; nil for one without end.
  let lastNumber: Int?
  private(set) var number: Int

  /// A source that goes on behind the event `number`, which only `time` counts by.
  package init(
    _ kind: Kind, filter: TopicFilter, interval: Duration, lastNumber: Int?, number: Int = 0
  ) {
    self.kind = kind
    self.filter = filter
    self.interval = interval
    self.lastNumber = lastNumber
    self.number = number
  }

  /// Whether all events were sent; an EventSource that comes back then is told to stay away (204).
  package var isOver: Bool { lastNumber.map { number >= $0 } ?? false }

  /// What is sent before the first event.
  func appendOpening(to bytes: inout [UInt8]) {
    if kind == .dashboard { EventStreamWriter.appendComment("nothing to send", to: &bytes) }
  }

  /// Makes the next event.
  mutating func appendNext(to bytes: inout [UInt8]) {
    number = number == Int.max ? 1 : number + 1
    switch kind {
    case .time:
      bytes.append(contentsOf: "event: time\ndata: \(Self.now())\nid: \(number)\n\n".utf8)
    case .dashboard:
      let users = UInt32.random(in: .min ... .max)
      bytes.append(contentsOf: "data: {\"User\": \(users)}\n\n".utf8)
    }
  }

  /// The clock on the default stream: no id, so that resuming is not disturbed.
  static func appendClock(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "data: \(now())\n\n".utf8)
  }

  /// The time as RFC 3339 writes it, with microseconds and zone.
  private static func now() -> String {
    let nanoseconds = Clock.unixNanoseconds()
    let date = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
    let microseconds = "\(nanoseconds % 1_000_000_000 / 1000)"
    let zeros = String(repeating: "0", count: 6 - microseconds.utf8.count)
    // Without its Z.
    let seconds = Substring(date.formatted(.iso8601).utf8.dropLast())
    return "\(seconds).\(zeros)\(microseconds)Z"
  }
}
