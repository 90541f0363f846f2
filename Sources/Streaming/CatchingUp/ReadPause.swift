import Kernel

/// How long to leave the queue alone after it could not be read: a quarter of a second at first,
/// twice as long after each further failure, up to a limit.
struct ReadPause {
  private var failureCount = 0
  private var endsAt: Int64 = 0

  /// Nanoseconds from `now` until it may be read again; 0 for at once.
  func delay(now: Int64) -> Int64 {
    max(0, endsAt - now)
  }

  /// Notes a read that failed at `now`.
  mutating func noteFailure(now: Int64) {
    let pause = StreamLimits.readPauseMinimum.wholeNanoseconds << min(failureCount, 16)
    endsAt = now + min(pause, StreamLimits.readPauseMaximum.wholeNanoseconds)
    failureCount += 1
  }

  /// Notes a read that went well.
  mutating func noteSuccess() {
    failureCount = 0
  }
}
