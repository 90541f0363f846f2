import Kernel

extension Appender {
  /// Reads the keys that are known, so that the first event with one does not wait for it.
  mutating func loadKeys() throws(QueueError) {
    guard let end = queue.tail.observedEnd() else { return }
    try keys.catchUp(to: end, now: Clock.unixMilliseconds())
  }

  /// What an append would say of an event whose key is known, without appending it; nil where the key is
  /// not, or there is none.
  public mutating func find(_ event: PendingEvent) throws(QueueError) -> AppendOutcome? {
    guard let key = event.key else { return nil }
    let use = try underLock { (appender) throws(QueueError) in
      let now = Clock.unixMilliseconds()
      let end = appender.queue.tail.appendedEnd
      // The event may not be on disk yet, and this is where it is then.
      _ = try appender.openSegment(end)
      try appender.keys.catchUp(to: end, now: now)
      return try appender.keys.use(of: key, content: event.contentHash, now: now)
    }
    switch use {
    case .fresh: return nil
    case .other: return .refused(.keyReused(key: key.text))
    case .same(let sequence, let time):
      if durability == .full { try synchronize(upTo: sequence + 1) }
      return .appended(Appended(sequence: sequence, unixMilliseconds: time, isReplayed: true))
    }
  }
}
