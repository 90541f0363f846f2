import Kernel

/// The clocks that ages are judged by.
struct ClockSources: Sendable {
  /// Milliseconds since 1970; people and NTP set it.
  var wall: @Sendable () -> Int64 = Clock.unixMilliseconds
  /// Nanoseconds, never set; unless said otherwise they go on while the machine sleeps.
  var steady: @Sendable () -> Int64 = Clock.bootNanoseconds
}
