import Kernel
import SystemPackage

/// A queue that is being opened for appending, by one process at a time: the caller holds the lock.
struct QueueOpening: ~Copyable {
  /// Which folder is at the path.
  let folder: FileIdentity
  /// Shared by all who have the queue open.
  private(set) var presence: FileLock
  private(set) var tail: Tail
  /// What recovery has found of ended and deleted topics.
  private(set) var topicStates: TopicStateRecovery?
  private let directory: QueueDirectory

  init(_ directory: QueueDirectory) throws(SystemCallError) {
    let folder = try FileStatus(of: directory.path).identity
    let file = try directory.open(directory.tailPath, .createIfMissing)
    let tail = try Tail(try Descriptor.open(directory.tailPath, .readWrite))
    self.directory = directory
    self.folder = folder
    presence = FileLock(file)
    self.tail = tail
  }

  /// Whether nobody else has the queue open; if so, nobody opens it before this one is done.
  mutating func isFirst() throws(SystemCallError) -> Bool {
    guard try presence.tryLock() else { return false }
    let isLinked = try tail.status().linkCount > 1
    try directory.breakLinks()
    guard isLinked else { return true }
    presence = FileLock(try Descriptor.open(directory.tailPath, .readWrite))
    tail = try Tail(try Descriptor.open(directory.tailPath, .readWrite))
    return try presence.tryLock()
  }

  /// Whether the page is about this folder: a copy made of hard links shares it with the original.
  var isAtHome: Bool {
    tail.home == QueueHome(folder: folder, tail: tail.file)
  }

  /// Makes the queue ready for use; if it is not where it was, its next event begins a new epoch.
  mutating func recover(_ known: Epochs, isNew: Bool) throws(QueueError) -> (Epochs, RecoveryReport)
  {
    let memory = tail.memory(epochs: known)
    let isUntouched = try mapping { () throws(SystemCallError) in try tail.isUntouched() }
    var recovery = try Recovery(directory, epochs: known)
    let end = try recovery.run(memory)
    let oldest = try directory.segments().first?.first ?? end.next
    var report = recovery.report
    let states = try TopicStateRecovery(directory, epochs: known, next: end.next)
    if let finding = states.finding { report.findings.append(finding) }
    topicStates = states
    try mapping { () throws(SystemCallError) in
      var next = memory?.pendingEpoch
      if !isNew, !isAtHome || !isUntouched {
        let epoch = try known.unused()
        next = epoch
        report.newEpoch =
          "\(Self.reason(memory)): from event \(end.next) on, ids begin with "
          + "\(HexadecimalDigits(epoch))"
      }
      try tail.reset(
        to: end, oldestKept: min(memory?.oldestKept ?? oldest, end.next),
        epoch: known.current, pendingEpoch: next,
        topicLogCell: try states.mend(in: directory, next: end.next),
        home: QueueHome(folder: folder, tail: tail.file))
    }
    return (tail.epochs(inFile: known), report)
  }

  private static func reason(_ memory: Tail.Memory?) -> String {
    switch memory?.home {
    case nil: "nothing tells where the queue was before"
    case let home? where !home.isOfThisBoot:
      "the machine was started since the queue was used last"
    default: "the queue's folder is a copy, or was restored"
    }
  }

  /// Lets others have the queue open too.
  ///
  /// Turning the lock into a shared one is not atomic, but nobody else tries without the queue's.
  func share() throws(SystemCallError) {
    try presence.lockShared()
  }
}
