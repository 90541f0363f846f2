import Figures
import FileQueue
import Kernel

/// Where a subscriber begins.
enum Resumption {
  /// With what is published from this sequence on.
  case join(at: UInt64)
  /// With the event of this sequence, which is in the queue.
  case replay(from: UInt64)
  /// With the last events of the topics, which are to be looked for.
  case search(LastSearch)
  /// With the oldest event that is still there, after being told that some are not.
  case afterGap(GapEvent)

  /// Decides by where the subscriber asks to begin.
  init(
    _ request: StreamRequest, joinsAt: UInt64, in queue: borrowing Queue,
    _ reader: inout QueueReader
  ) throws(QueueError) {
    switch request.start {
    case .next:
      self = .join(at: joinsAt)
    case .oldest:
      self = .replay(from: try queue.oldestSequence())
    case .last(let count):
      self = .search(try reader.search(lastOf: request.filter, count: count, before: joinsAt))
    case .since(let time):
      self = try Self.since(time, in: queue, &reader)
    case .unknown(let excerpt):
      self = try .gap(excerpt, .unknownEpoch, in: queue)
    case .after(let id):
      switch queue.place(of: id) {
      case .known where try id.sequence + 1 < queue.oldestSequence():
        self = try .gap("\(id)", .expired, in: queue)
      case .known: self = .replay(from: id.sequence + 1)
      case .lost(let next): self = try .gap("\(id)", .restored, from: next, in: queue)
      case .ahead: self = try .gap("\(id)", .ahead, in: queue)
      case .unknown: self = try .gap("\(id)", .unknownEpoch, in: queue)
      }
    }
  }

  private static func since(
    _ time: TimeCursor, in queue: borrowing Queue, _ reader: inout QueueReader
  ) throws(QueueError) -> Resumption {
    let tolerance = TimeCursor.toleranceMilliseconds
    // The clock was set back since: nobody can tell what was published behind that time.
    if time.unixMilliseconds > Clock.unixMilliseconds() + tolerance {
      return try gap("\(time)", .ahead, in: queue)
    }
    switch try reader.place(since: time.unixMilliseconds - tolerance) {
    case .end(let next): return .join(at: next)
    case .event(let sequence): return .replay(from: sequence)
    case .removed: return try gap("\(time)", .expired, in: queue)
    }
  }

  /// Goes on with the event of the sequence `next`, or the oldest one behind it that is there.
  private static func gap(
    _ requested: String, _ reason: GapReason, from next: UInt64 = 0, in queue: borrowing Queue
  ) throws(QueueError) -> Resumption {
    .afterGap(
      GapEvent(
        requested: requested, next: max(next, try queue.oldestSequence()), in: queue,
        reason: reason))
  }
}
