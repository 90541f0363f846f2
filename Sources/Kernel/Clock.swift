import Glibc

/// Time as the kernel tells it: monotonic for intervals, Unix time for what people read.
public enum Clock {
  /// Nanoseconds since some moment in the past, never set back (CLOCK_MONOTONIC).
  public static func monotonicNanoseconds() -> Int64 {
    nanoseconds(CLOCK_MONOTONIC)
  }

  /// Milliseconds since 1970 (CLOCK_REALTIME).
  public static func unixMilliseconds() -> Int64 {
    nanoseconds(CLOCK_REALTIME) / 1_000_000
  }

  /// Nanoseconds since 1970 (CLOCK_REALTIME).
  public static func unixNanoseconds() -> Int64 {
    nanoseconds(CLOCK_REALTIME)
  }

  /// Has the calling thread wait (nanosleep(2)).
  public static func pause(_ duration: Duration) {
    _ = usleep(UInt32(clamping: duration.wholeNanoseconds / 1000))
  }

  /// CPU time that the calling thread has used, in nanoseconds (CLOCK_THREAD_CPUTIME_ID).
  public static func threadNanoseconds() -> Int64 {
    nanoseconds(CLOCK_THREAD_CPUTIME_ID)
  }

  private static func nanoseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Duration {
  /// A duration of nanoseconds read from ``Clock``.
  public init(nanoseconds: Int64) {
    self = .nanoseconds(nanoseconds)
  }

  /// The duration in milliseconds, rounded up so that a timer is never early.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }

  /// The duration in nanoseconds, rounded down.
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
