/// What other threads ask ``DelayedPublisher`` for.
enum DelayedRequest: Sendable {
  /// Told once, on the publisher's thread or the asker's.
  typealias Completion<Success> = @Sendable (Result<Success, QueueError>) -> Void

  case add(DelayedEvent, Completion<DelayedOutcome>)
  case cancel(DelayedID, Completion<DelayedCancellation>)
  case page(behind: DelayedTurn?, countMaximum: Int, Completion<DelayedPage>)
  case find(DelayedID, Completion<WaitingEvent?>)

  /// About what it holds in memory.
  var byteCount: Int {
    if case .add(let event, _) = self { event.event.byteCount } else { 0 }
  }

  /// Tells whoever asked that nothing comes of it.
  func refuse(_ error: QueueError) {
    switch self {
    case .add(_, let completion): completion(.failure(error))
    case .cancel(_, let completion): completion(.failure(error))
    case .page(_, _, let completion): completion(.failure(error))
    case .find(_, let completion): completion(.failure(error))
    }
  }
}
