import Kernel

/// How streams end that nobody has closed: because of their age, or because the worker stops.
///
/// Both end them cleanly: a browser comes back by itself, and goes on after the last event it saw.
extension StreamLoop {
  /// Looks for streams that are too old this often.
  private func ageTick(_ maximum: Duration) -> Int64 {
    min(1_000_000_000, maximum.wholeNanoseconds / 20 + 1)
  }

  /// When a stream that begins at `now` is to end: at 80 to 100 % of the greatest age, so that streams
  /// that began together do not come back together.
  func endOfAge(from now: Int64) -> Int64 {
    guard let maximum = configuration.ageMaximum?.wholeNanoseconds else { return .max }
    return now + Int64.random(in: (maximum - maximum / 5)...maximum)
  }

  /// Ends the streams that are too old, and does so again after a while.
  ///
  /// A timer for each stream would stay behind when the stream closes early.
  func endAged(now: Int64) {
    guard let maximum = configuration.ageMaximum else { return }
    for subscriber in subscribers.all where subscriber.endsAt <= now { end(subscriber) }
    timers.insert(LoopTimer(deadline: now + ageTick(maximum), task: .age))
  }

  /// Gives all streams the greatest age that is wanted now, from when they were opened.
  func restartAges(now: Int64) {
    removeTimers { if case .age = $0 { true } else { false } }
    for subscriber in subscribers.all { subscriber.endsAt = endOfAge(from: subscriber.openedAt) }
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
