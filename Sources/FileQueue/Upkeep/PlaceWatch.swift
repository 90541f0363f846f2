import Kernel

/// Looks round by round whether the queue is still at its path, and says so when that changes; belongs
/// to the upkeep's thread.
///
/// Whoever appends looks at the same, and refuses; but nobody may publish, and a worker that could only
/// refuse has to end, so that another one recovers what is there.
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
  /// The lock that the worker's appenders take; nil where it was not there.
  private let lockFile: FileIdentity?
  /// How far the queue has been seen to reach.
  private var durableNext: UInt64 = 0
  private var isAway = false

  init(_ queue: Queue, report: @escaping Upkeep.Report) {
    self.queue = queue
    self.report = report
    lockFile = try? FileStatus(of: queue.directory.lockPath).identity
  }

  mutating func look() -> Finding {
    do throws(QueueError) {
      try queue.refuseElsewhere(lock: lockFile, at: queue.directory.lockPath)
      try refuseOtherPage()
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

  /// Refuses to go on with another's page that was written over the one in use.
  private mutating func refuseOtherPage() throws(QueueError) {
    let next = queue.durableNext
    guard next >= durableNext else { throw .deleted(path: queue.directory.tailPath.string) }
    durableNext = next
  }
}
