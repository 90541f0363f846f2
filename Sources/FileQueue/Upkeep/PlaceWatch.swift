/// Looks round by round whether the queue is still at its path, and says so when that changes; belongs
/// to the upkeep's thread.
struct PlaceWatch {
  /// What a look has shown.
  enum Finding {
    case here
    /// Nothing is at the path, or it cannot be looked at: nothing is appended until the folder is back.
    case away
    /// Something else is there, in words.
    case replaced(String)
  }

  private let queue: Queue
  private let report: Upkeep.Report
  private var isAway = false

  init(_ queue: Queue, report: @escaping Upkeep.Report) {
    self.queue = queue
    self.report = report
  }

  mutating func look() -> Finding {
    do throws(QueueError) {
      try queue.refuseElsewhere()
      if isAway { report(false, "the queue's folder is at \(queue.path) again") }
      isAway = false
      return .here
    } catch {
      switch error {
      case .moved(_, isReplaced: true), .deleted: return .replaced("\(error)")
      default:
        if !isAway { report(true, "\(error)") }
        isAway = true
        return .away
      }
    }
  }
}
