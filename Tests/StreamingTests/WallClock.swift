import Kernel
import Synchronization

/// A clock that stands still until it is set.
final class WallClock: Sendable {
  private let milliseconds = Mutex(Clock.unixMilliseconds())

  /// Milliseconds since 1970.
  @Sendable func now() -> Int64 { milliseconds.withLock { $0 } }

  /// Sets it.
  func set(_ time: Int64) { milliseconds.withLock { $0 = time } }
}
