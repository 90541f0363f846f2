public import Kernel
import Synchronization

/// The end of a hub that nobody asked for, because a thread of it cannot go on.
///
/// Any thread reports; the main thread then stops the process.
public final class Breakdown: Sendable {
  /// Rings when a reason is there.
  public let waker: Waker
  private let firstReason = Mutex<String?>(nil)

  /// None so far.
  public init() throws(SystemCallError) {
    waker = try Waker()
  }

  /// Why the hub cannot go on; nil while it can.
  public var reason: String? { firstReason.withLock { $0 } }

  /// Reports why a thread cannot go on; the first report stays.
  func report(_ reason: String) {
    firstReason.withLock { $0 = $0 ?? reason }
    waker.ring()
  }
}
