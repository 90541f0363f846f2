import Kernel

extension Appender {
  /// Reads the keys that are known, so that the first event with one does not wait for it; for who lives long.
  mutating func loadKeys() throws(QueueError) {
    guard let end = queue.tail.observedEnd() else { return }
    try keys.catchUp(to: end, isDoubted: true)
  }

  /// Looks at the clocks, and forgets keys that are too old: at least every
  /// ``QueueLimits/keyUpkeepInterval``.
  mutating func lookAfterKeys() {
    if let end = queue.tail.observedEnd() { keys.lookAtClocks(next: end.next) }
  }

  /// What an append would say of events whose keys are known, without appending them; nil for those whose keys
  /// are not, and that have none.
  public mutating func find(_ events: [PendingEvent]) throws(QueueError) -> [AppendOutcome?] {
    guard events.contains(where: { $0.key != nil }) else { return events.map { _ in nil } }
    let outcomes = try underLock { (appender) throws(QueueError) in
      let end = appender.queue.tail.appendedEnd
      // The event may not be on disk yet, and this is where it is then.
      _ = try appender.openSegment(end)
      appender.keys.lookAtClocks(next: end.next)
      try appender.keys.catchUp(to: end)
      var outcomes: [AppendOutcome?] = []
      for event in events { outcomes.append(try appender.outcome(of: event, next: end.next)) }
      return outcomes
    }
    let last = outcomes.reduce(0) { max($0, $1?.sequence ?? 0) }
    if last > 0, durability == .full { try synchronize(upTo: last + 1) }
    return outcomes
  }

  private mutating func outcome(
    of event: PendingEvent, next: UInt64
  ) throws(QueueError) -> AppendOutcome? {
    guard let key = event.key else { return nil }
    switch try keys.use(of: key, content: event.contentHash, next: next) {
    case .fresh: return nil
    case .other: return .refused(.keyReused(key: key.text))
    case .same(let sequence, let time):
      return .appended(Appended(sequence: sequence, unixMilliseconds: time, isReplayed: true))
    }
  }
}
