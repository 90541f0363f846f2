import Kernel

/// A moment on the monotonic clock by which something has to be done.
struct Deadline {
  /// On ``Clock/monotonicNanoseconds()``.
  let nanoseconds: Int64

  /// The moment `duration` from now.
  init(after duration: Duration) {
    nanoseconds = Clock.monotonicNanoseconds() + duration.wholeNanoseconds
  }

  /// The moment that `nanoseconds` of the monotonic clock tell.
  init(at nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// How long it is still; never negative.
  var remaining: Duration {
    Duration(nanoseconds: max(0, nanoseconds - Clock.monotonicNanoseconds()))
  }

  /// Whether it is over.
  var isPast: Bool { Clock.monotonicNanoseconds() >= nanoseconds }

  /// Ends the measurement where the moment is over.
  func check(_ activity: @autoclosure () -> String) throws {
    if isPast {
      throw Failure(
        "the time is over while \(activity()): look at the hub's log, or raise --time-limit-seconds"
      )
    }
  }
}
