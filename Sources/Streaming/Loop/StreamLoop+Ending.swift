import Kernel

/// How streams end that nobody has closed: because of their age, because they may not go on, or because the
/// worker stops.
///
/// All end cleanly: a browser comes back by itself, and goes on after the last event it saw.
extension StreamLoop {
  /// Looks for streams whose time is over this often.
  private var ageTick: Int64 {
    let maximum = configuration.ageMaximum?.wholeNanoseconds ?? .max
    return min(1_000_000_000, maximum / 20 + 1)
  }

  /// When a stream that began at `begin` is to end: at 80 to 100 % of the greatest age, so that streams
  /// that began together do not come back together; no later than its permit.
  func endOfAge(from begin: Int64, _ permit: StreamPermit?, now: Int64) -> Int64 {
    var end = Int64.max
    if let maximum = configuration.ageMaximum?.wholeNanoseconds {
      end = begin + Int64.random(in: (maximum - maximum / 5)...maximum)
    }
    if let expiresAt = permit?.expiresAt {
      let rest = max(0, expiresAt.subtractingReportingOverflow(wall()).partialValue)
      end = min(end, now + min(rest, StreamLimits.permitMillisecondsMaximum) * 1_000_000)
    }
    return end
  }

  /// Has streams end that are too old, as long as there are such that will be.
  func watchAges(now: Int64) {
    guard !watchesAges else { return }
    watchesAges = true
    timers.insert(LoopTimer(deadline: now + ageTick, task: .age))
  }

  /// Ends the streams whose time is over, and does so again after a while.
  ///
  /// A timer for each stream would stay behind when the stream closes early.
  func endAged(now: Int64) {
    watchesAges = false
    var areLeft = false
    for subscriber in subscribers.all where subscriber.endsAt < .max {
      if subscriber.endsAt <= now { end(subscriber) } else { areLeft = true }
    }
    if areLeft { watchAges(now: now) }
  }

  /// Ends the streams that may not go on, a few at a time, between passes.
  func reviewPermits() {
    let isUnderWay = !unreviewed.isEmpty
    unreviewed = subscribers.all.filter { $0.permit != nil }.map(\.token)
    if !isUnderWay { reviewNext(now: Clock.monotonicNanoseconds()) }
  }

  /// Looks at the next streams.
  func reviewNext(now: Int64) {
    let next = unreviewed.suffix(StreamLimits.permitsAtOnceCount)
    unreviewed.removeLast(next.count)
    for token in next {
      guard let subscriber = subscribers.element(token) else { continue }
      if let permit = subscriber.permit, !permit.holds() { end(subscriber) }
    }
    guard !unreviewed.isEmpty else { return }
    timers.insert(
      LoopTimer(deadline: now + StreamLimits.reviewTick.wholeNanoseconds, task: .review))
  }

  /// Gives all streams the greatest age that is wanted now, from when they were opened.
  func restartAges(now: Int64) {
    removeTimers { if case .age = $0 { true } else { false } }
    for subscriber in subscribers.all {
      subscriber.endsAt = endOfAge(from: subscriber.openedAt, subscriber.permit, now: now)
    }
    endAged(now: now)
  }

  /// Begins to end all streams, evenly over a time, the first one at once; the loop ends with the last.
  func beginDrain(over time: Duration) {
    guard drainEndsAt == nil else { return }
    let now = Clock.monotonicNanoseconds()
    drainEndsAt = now + time.wholeNanoseconds
    drain(now: now)
  }

  /// Ends the streams whose turn it is; live ones have been sent what is durable, up to a frame of it.
  func drain(now: Int64) {
    guard let drainEndsAt else { return }
    if feed.sequence < queue.durableNext { runPass() }
    let left = max(1, drainEndsAt - now)
    let tick = StreamLimits.drainTick.wholeNanoseconds
    let share = Int64(subscribers.count) * tick / left
    let due = left <= tick ? subscribers.count : max(1, Int(share))
    for subscriber in subscribers.all.prefix(due) { end(subscriber) }
    if subscribers.count == 0 {
      isStopping = true
    } else {
      let pause = max(tick, left / Int64(subscribers.count))
      timers.insert(LoopTimer(deadline: min(now + pause, drainEndsAt), task: .drain))
    }
  }
}
