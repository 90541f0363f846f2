import Kernel
import Synchronization

/// Asks the committer's thread which events it knows by their keys, and waits for the answer; belongs to one
/// thread, for which the committer's never waits.
final class KnownEvents: Sendable {
  private let committer: Committer
  private let answer = Mutex<Result<[AppendOutcome?], QueueError>?>(nil)
  private let isAnswered: Waker

  init(_ committer: Committer) throws(QueueError) {
    self.committer = committer
    isAnswered = try mapping { () throws(SystemCallError) in try Waker() }
  }

  /// What ``Appender/find(_:)`` says.
  func find(_ events: [PendingEvent]) throws(QueueError) -> [AppendOutcome?] {
    committer.find(events) { [self] result in
      answer.withLock { $0 = result }
      isAnswered.ring()
    }
    while true {
      if let answer = answer.withLock({ $0.take() }) { return try answer.get() }
      _ = try? isAnswered.wait()
    }
  }
}
