import Figures
import FileQueue

extension Problem {
  /// What a publisher is told of an error of the queue.
  init(_ error: QueueError) {
    let (status, code): (Int, ProblemCode) =
      switch error {
      case .invalidTopic: (400, .invalidTopic)
      case .invalidField(name: "retry", _, _): (400, .invalidRetry)
      case .invalidField(name: "key", _, _): (400, .invalidKey)
      case .invalidField(name: "topics", _, _): (400, .invalidTopic)
      case .invalidField: (400, .invalidParameter)
      case .eventTooLarge: (413, .eventTooLarge)
      case .keyReused: (422, .keyReused)
      case .topicEnded: (409, .topicEnded)
      case .full: (507, .queueFull)
      case .tooManyDelayed: (507, .tooManyDelayed)
      case .readOnly, .damaged, .deleted: (503, .queueReadOnly)
      case .moved: (503, .queueMoved)
      case .overloaded, .stalled, .locked: (503, .queueBusy)
      case .stopped: (503, .stopping)
      case .noQueue, .notAQueue, .badEpochFile, .cannotWriteBackup, .badArchive, .unknownFormat,
        .networkFileSystem, .notOwner,
        .openedForReading, .inUse, .linked, .system:
        (503, .queueError)
      }
    self.init(status: status, code: code, detail: Self.detail(of: error))
    if case .invalidField(let name, _, _) = error { field = name }
    if case .topicEnded = error { field = "topic" }
    if code == .queueBusy || code == .stopping { retryAfterSeconds = 1 }
  }

  /// What a publisher can do about it; what only somebody on weir's machine can, is said to be for them.
  private static func detail(of error: QueueError) -> String {
    switch error {
    case .topicEnded(let topic):
      "the topic '\(topic.excerpt())' has ended: publish under another one, or begin it anew with "
        + "DELETE /topics/TOPIC"
    case .invalidTopic, .invalidField, .eventTooLarge, .keyReused, .overloaded,
      .stopped:
      "\(error)"
    default:
      "the event is not acknowledged: publish it again later. For whoever runs weir: \(error)"
    }
  }

  /// What a probe is told while a publish could not succeed: always 503, which load balancers know.
  init(notReady error: QueueError) {
    self.init(status: 503, code: Problem(error).code, detail: "a publish would fail: \(error)")
  }
}
