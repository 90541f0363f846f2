import Figures
import FileQueue
import Kernel

/// Where to begin in a queue, as a stream of it does.
extension EventRange {
  /// The last events of each topic to begin with; nil where something else is asked for.
  var lastCount: Int? { last ?? (sinceText == "latest" ? 1 : nil) }

  /// The sequence to begin with, and what is missing before it.
  ///
  /// - Parameter sequence: where to begin if nothing is said.
  func beginning(
    in queue: Queue, otherwise sequence: UInt64
  ) throws -> (next: UInt64, gap: EventGap?) {
    guard let text = sinceText else { return (sequence, nil) }
    switch text {
    case "all", "earliest": return (try queue.oldestSequence(), nil)
    case "now", "none", "latest": return (queue.durableNext, nil)
    default: break
    }
    if let id = EventID(text) { return try Self.beginning(behind: id, in: queue) }
    if let time = Self.time(text) { return try Self.beginning(since: time, text, in: queue) }
    throw CommandFailure(
      "\(since == nil ? "--from" : "--since") is '\(text)'; it is an id such as \(queue.newestID), "
        + "\(WrittenTime.rule), a time ago such as 90s, 10m, 12h or 7d, or 'all'", exitCode: 64)
  }

  private static func beginning(
    behind id: EventID, in queue: Queue
  ) throws -> (next: UInt64, gap: EventGap?) {
    switch queue.place(of: id) {
    // Where that has been removed, the reader tells.
    case .known: return (id.sequence + 1, nil)
    case .lost(let next): return try gap("\(id)", .restored, from: next, in: queue)
    case .ahead: return try gap("\(id)", .ahead, in: queue)
    case .unknown: return try gap("\(id)", .unknownEpoch, in: queue)
    }
  }

  private static func beginning(
    since time: Int64, _ text: String, in queue: Queue
  ) throws -> (next: UInt64, gap: EventGap?) {
    if time >= Clock.unixMilliseconds() { return (queue.durableNext, nil) }
    var reader = QueueReader(queue)
    // Whoever wrote the time may have rounded it.
    switch try reader.place(since: time - 1) {
    case .end(let sequence), .event(let sequence): return (sequence, nil)
    case .removed: return try gap(text, .expired, in: queue)
    }
  }

  private static func gap(
    _ requested: String, _ reason: GapReason, from next: UInt64 = 0, in queue: Queue
  ) throws -> (next: UInt64, gap: EventGap?) {
    let next = max(next, try queue.oldestSequence())
    let gap = EventGap(requested: requested, oldest: queue.epochs.id(of: next), reason)
    return (next, gap)
  }

  /// Milliseconds since 1970; nil where it is no time, and no time ago.
  private static func time(_ text: String) -> Int64? {
    // As nginx writes it for streams that have no id while weir is away.
    let moment = text.hasPrefix("@") ? String(text.dropFirst()) : text
    if let time = WrittenTime(moment) { return time.unixMilliseconds }
    guard text.utf8.last.map({ !(0x30...0x39).contains($0) }) == true,
      let age = Duration(text: text)
    else { return nil }
    return max(0, Clock.unixMilliseconds() - age.wholeMilliseconds)
  }
}
