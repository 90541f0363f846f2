import Kernel
import Synchronization

/// Tells when the last of several threads has come so far.
final class LastOne: Sendable {
  /// Rings then.
  let waker: Waker
  private let missingCount: Atomic<Int>

  init(of count: Int) throws(SystemCallError) {
    waker = try Waker()
    missingCount = Atomic(count)
  }

  /// Notes that one more has come so far.
  func note() {
    if missingCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { waker.ring() }
  }
}
