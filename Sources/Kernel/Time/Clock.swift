import Glibc

/// Time as the kernel tells it: monotonic for intervals, Unix time for what people read.
public enum Clock {
  /// Nanoseconds since some moment in the past, never set back (CLOCK_MONOTONIC).
  public static func monotonicNanoseconds() -> Int64 {
    nanoseconds(CLOCK_MONOTONIC)
  }

  /// The same, which goes on while the machine sleeps (CLOCK_BOOTTIME).
  public static func bootNanoseconds() -> Int64 {
    nanoseconds(CLOCK_BOOTTIME)
  }

  /// Milliseconds since 1970 (CLOCK_REALTIME).
  public static func unixMilliseconds() -> Int64 {
    let time = read(CLOCK_REALTIME)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
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
    let time = read(clock)
    // A clock may be wrong by centuries.
    let (nanoseconds, isOver) = Int64(time.tv_sec).multipliedReportingOverflow(by: 1_000_000_000)
    return isOver ? .max : nanoseconds + Int64(time.tv_nsec)
  }

  private static func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    _ = unsafe clock_gettime(clock, &time)
    return time
  }
}

extension Duration {
  /// A duration of nanoseconds read from ``Clock``.
  public init(nanoseconds: Int64) {
    self = .nanoseconds(nanoseconds)
  }

  /// The duration in milliseconds, rounded up so that a timer is never early; one that does not go into
  /// 64 bits is the longest that does.
  public var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    let rest = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    return Int64(clamping: Int128(seconds) * 1000 + Int128(rest))
  }

  /// The duration in nanoseconds, rounded down; one that does not go into 64 bits, from 292 years on, is
  /// the longest that does.
  public var wholeNanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return Int64(clamping: Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000))
  }
}
