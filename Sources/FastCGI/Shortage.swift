import Kernel
import Synchronization

/// Tells of what keeps connections waiting, once for as long as it lasts; all fronts share it.
final class Shortage: Sendable {
  /// What is short.
  enum Kind: Sendable {
    /// Descriptors or memory of the process or the system.
    case resources(SystemCallError)
    /// A front holds as many connections as it may.
    case connections(countMaximum: Int)
  }

  private let lastNotedAt = Mutex<Int64?>(nil)
  private let report: @Sendable (String) -> Void
  /// A shortage that has not been noted for so long is over.
  private static let quietNanoseconds: Int64 = 10_000_000_000

  /// - Parameter report: gets what to tell an operator; called on any front's thread.
  init(_ report: @escaping @Sendable (String) -> Void) {
    self.report = report
  }

  /// Whether a call failed because something ran out that may come back.
  static func isCause(of error: SystemCallError) -> Bool {
    // ENOSPC is how epoll_ctl says that fs.epoll.max_user_watches is reached.
    [.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .noMemory, .noSpace]
      .contains(error.errno)
  }

  /// Notes that a connection has to wait or was given up.
  func note(_ kind: Kind) {
    let now = Clock.monotonicNanoseconds()
    let isNew = lastNotedAt.withLock { last in
      defer { last = now }
      return last.map { now - $0 > Self.quietNanoseconds } ?? true
    }
    guard isNew else { return }
    switch kind {
    case .resources(let error):
      report("connections wait or are given up: \(error.descriptionWithAdvice)")
    case .connections(let limit):
      report("connections wait: \(limit) requests are under way at once: find out who is slow")
    }
  }
}
