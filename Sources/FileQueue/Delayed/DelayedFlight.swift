import Kernel
import Synchronization

/// Events that are on their way from the delayed ones into the queue, and what became of them.
///
/// The committer's thread notes; whoever sent them is woken when all are there.
final class DelayedFlight: Sendable {
  private let due: [DelayedLog.Due]
  private let outcomes: Mutex<[Result<Appended, QueueError>?]>
  private let missingCount: Atomic<Int>
  private let waker: Waker

  /// Sends off those whose entries could be read.
  init(_ due: [DelayedLog.Due], with committer: Committer, waker: Waker) {
    let due = due.filter { $0.event != nil }
    self.due = due
    outcomes = Mutex(Array(repeating: nil, count: due.count))
    missingCount = Atomic(due.count)
    self.waker = waker
    for (place, event) in zip(due.indices, due.compactMap(\.event)) {
      committer.submit(event) { [self] result in note(result, at: place) }
    }
  }

  /// The events' ids, in their order.
  var ids: [DelayedID] { due.map(\.id) }

  private func note(_ result: Result<Appended, QueueError>, at place: Int) {
    outcomes.withLock { $0[place] = result }
    if missingCount.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 { waker.ring() }
  }

  /// What became of all of them; nil while some are on their way.
  var landed: [(due: DelayedLog.Due, result: Result<Appended, QueueError>)]? {
    guard missingCount.load(ordering: .acquiring) == 0 else { return nil }
    return outcomes.withLock { outcomes in
      zip(due, outcomes).compactMap { due, outcome in outcome.map { (due, $0) } }
    }
  }
}
