import FileQueue

extension Problem {
  /// What somebody is told whose topic could not be deleted.
  init(notDeleted error: QueueError) {
    let problem = Problem(error)
    self.init(
      status: problem.status, code: problem.code,
      detail: "the topic is not deleted: try again later. For whoever runs weir: \(error)",
      retryAfterSeconds: problem.retryAfterSeconds)
  }

  /// What somebody is told who asked for topics that could not be looked up.
  init(notRead error: QueueError) {
    self.init(
      status: 503, code: Problem(error).code,
      detail: "the topics could not be looked up: ask again later. For whoever runs weir: \(error)",
      retryAfterSeconds: 1)
  }
}
