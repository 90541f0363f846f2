import Figures
import FileQueue

extension Problem {
  /// What somebody is told of what a group cannot do.
  init(_ error: GroupError) {
    let (status, code): (Int, ProblemCode) =
      switch error {
      case .missing, .deleted: (404, .groupNotFound)
      case .otherTerms, .withoutAcknowledgements: (409, .groupMismatch)
      case .inUse: (409, .groupInUse)
      case .tooManyGroups: (429, .tooManyGroups)
      case .tooManyMembers, .tooManyWorkers: (429, .tooManyMembers)
      case .busy: (503, .queueBusy)
      case .damaged: (503, .groupDamaged)
      case .queue(let error): (Problem(error).status, Problem(error).code)
      }
    var detail = error.text { "DELETE /groups/\($0)" }
    if case .queue = error {
      detail = "the group cannot be read or written now. For whoever runs weir: \(error)"
    }
    self.init(status: status, code: code, detail: detail)
    switch error {
    case .otherTerms, .withoutAcknowledgements, .missing, .deleted: field = "group"
    case .inUse: break
    case .tooManyGroups, .tooManyMembers, .tooManyWorkers, .busy, .damaged, .queue:
      retryAfterSeconds = 1
    }
  }
}
