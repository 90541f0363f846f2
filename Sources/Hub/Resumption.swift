import FileQueue

/// Where a subscriber begins.
enum Resumption {
  /// With what is published from this sequence on.
  case join(at: UInt64)
  /// With the event of this sequence, which is in the queue.
  case replay(from: UInt64)
  /// With the oldest event that is still there, after being told that some are not.
  case afterGap(GapEvent)

  /// Decides by the last event id that the subscriber sent.
  init(
    lastEventID: String?, joinsAt: UInt64, in queue: borrowing Queue
  ) throws(QueueError) {
    guard let lastEventID else {
      self = .join(at: joinsAt)
      return
    }
    let newest = queue.newestID
    let oldest = EventID(epoch: queue.epoch, sequence: try queue.oldestSequence())
    func gap(_ reason: GapEvent.Reason) -> Resumption {
      .afterGap(
        GapEvent(
          requested: lastEventID.excerpt(), oldest: oldest, newest: newest,
          reason: reason))
    }
    guard let id = EventID(lastEventID), id.epoch == queue.epoch else {
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
}
