import Kernel
import Synchronization

/// Tells of what keeps connections waiting, or out; all fronts share it.
final class Shortage: Sendable {
  /// What is short.
  enum Kind: Sendable {
    /// Descriptors or memory of the process or the system.
    case resources(SystemCallError)
    /// A front holds as many connections as it may.
    case connections(countMaximum: Int)
    /// Nothing: a user has connected who may not.
    case stranger(user: UInt32)
  }

  private let failures = Mutex(FailureReports())
  private let report: @Sendable (String) -> Void

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
    let text =
      switch kind {
      case .resources(let error): "connections wait or are given up: \(error.descriptionWithAdvice)"
      case .connections(let limit):
        "connections wait: \(limit) requests are under way at once: find out who is slow"
      case .stranger(let user):
        "user \(user) has connected to the socket, and is none of socket-peers: the connection is closed"
      }
    let now = Clock.monotonicNanoseconds()
    if let text = failures.withLock({ $0.report(text, now: now) }) { report(text) }
  }
}
