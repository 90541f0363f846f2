@testable import FileQueue

extension DelayedLog {
  /// Takes in events of which none is in the queue.
  mutating func add(
    _ events: [DelayedEvent], now: Int64
  ) throws(QueueError) -> [Result<DelayedReceipt, QueueError>] {
    try add(events, now: now) { $0.map { _ in nil } }.map { result in
      result.flatMap { outcome in
        if case .waits(let receipt) = outcome { .success(receipt) } else { .failure(.stopped) }
      }
    }
  }
}
