import Figures
import FileQueue
import Kernel

/// Where a subscriber begins.
enum Resumption {
  /// With what is published from this sequence on.
  case join(at: UInt64)
  /// With the event of this sequence, which is in the queue.
  case replay(from: UInt64)
  /// With the oldest event that is still there, after being told that some are not.
  case afterGap(GapEvent)

  /// Decides by where the subscriber asks to begin.
  init(
    _ start: StreamStart, joinsAt: UInt64, in queue: borrowing Queue, _ reader: inout QueueReader
  ) throws(QueueError) {
    let requested: String
    let known: EventID?
    switch start {
    case .next:
      self = .join(at: joinsAt)
      return
    case .since(let time):
      self = try Self.since(time, in: queue, &reader)
      return
    case .after(let id):
      requested = id.description
      known = id.epoch == queue.epoch ? id : nil
    case .unknown(let excerpt):
      requested = excerpt
      known = nil
    }
    let newest = queue.newestID
    let oldest = EventID(epoch: queue.epoch, sequence: try queue.oldestSequence())
    func gap(_ reason: GapReason) -> Resumption {
      .afterGap(GapEvent(requested: requested, oldest: oldest, newest: newest, reason: reason))
    }
    guard let id = known else {
      self = gap(.unknownEpoch)
      return
    }
    if id.sequence > newest.sequence {
      self = gap(.ahead)
    } else if id.sequence + 1 < oldest.sequence {
      self = gap(.expired)
    } else {
      self = .replay(from: id.sequence + 1)
    }
  }

  private static func since(
    _ time: TimeCursor, in queue: borrowing Queue, _ reader: inout QueueReader
  ) throws(QueueError) -> Resumption {
    func gap(_ reason: GapReason) throws(QueueError) -> Resumption {
      .afterGap(
        GapEvent(
          requested: time.description,
          oldest: EventID(epoch: queue.epoch, sequence: try queue.oldestSequence()),
          newest: queue.newestID, reason: reason))
    }
    let tolerance = TimeCursor.toleranceMilliseconds
    // The clock was set back since: nobody can tell what was published behind that time.
    if time.unixMilliseconds > Clock.unixMilliseconds() + tolerance { return try gap(.ahead) }
    switch try reader.place(since: time.unixMilliseconds - tolerance) {
    case .end(let next): return .join(at: next)
    case .event(let sequence): return .replay(from: sequence)
    case .removed: return try gap(.expired)
    }
  }
}
