import FileQueue
import Streaming

/// What may still come for a subscriber, as far as ends of topics tell.
enum EndedTopics {
  /// Anything: a topic has not ended, or there is a pattern.
  case none
  /// What it has not seen of topics that have all ended, if it is there: the stream loop finds out.
  case all
  /// Nothing: it has seen all of them, or asks for what comes.
  case seen

  /// - Parameter next: the durable end.
  init(_ request: StreamRequest, in queue: Queue, before next: UInt64) {
    guard request.filter.patterns.isEmpty,
      let end = queue.end(of: request.filter.topics, before: next)
    else {
      self = .none
      return
    }
    switch request.start {
    case .next: self = .seen
    case .after(let id) where queue.place(of: id) == .known && id.sequence >= end: self = .seen
    default: self = .all
    }
  }
}
