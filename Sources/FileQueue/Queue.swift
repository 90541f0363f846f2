public import Kernel
public import SystemPackage

/// An open file queue: the durable, ordered store of events that any number of processes share.
///
/// Any thread may use it. It lends the shared tail to one ``Appender`` or ``Committer`` and to any
/// number of ``QueueReader``s. The format is described in <doc:Format>.
public final class Queue: Sendable {
  /// The queue's directory.
  public let path: FilePath
  /// What tells this queue from any other; half of every event id.
  public let epoch: UInt32
  /// What opening had to mend; nothing where another process had the queue open.
  public let recovery: RecoveryReport

  let directory: QueueDirectory
  let tail: Tail
  /// Shared by all who have the queue open: who gets it alone is the first, and recovers.
  private let presence: FileLock

  /// Opens the queue at `path`, recovering it if no other process has it open.
  ///
  /// - Parameter creating: whether a queue is made where there is none.
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `networkFileSystem`, `system`.
  public init(at path: FilePath, creating: Bool) throws(QueueError) {
    let directory = QueueDirectory(path: path)
    if creating {
      try directory.make()
    } else {
      _ = try directory.existingEpoch()
    }
    try directory.refuseNetworkFileSystem()
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try Descriptor.open(directory.lockPath, .createIfMissing))
    }
    try lock.hold(at: directory.lockPath)
    let epoch = try directory.prepare()
    let presence = try mapping { () throws(SystemCallError) in
      FileLock(try Descriptor.open(directory.tailPath, .createIfMissing))
    }
    let tail = try Tail(
      try mapping { () throws(SystemCallError) in
        try Descriptor.open(directory.tailPath, .readWrite)
      })
    var report = RecoveryReport()
    if try mapping({ () throws(SystemCallError) in try presence.tryLock() }) {
      var recovery = try Recovery(directory, epoch: epoch)
      let recovered = try recovery.run(acknowledgedNext: tail.remembered(epoch: epoch))
      report = recovered.report
      try mapping { () throws(SystemCallError) in
        try tail.reset(to: recovered.end, epoch: epoch)
      }
    }
    // Turning the lock into a shared one is not atomic, but nobody else tries without `lock`.
    try mapping { () throws(SystemCallError) in
      try presence.lockShared()
      try lock.unlock()
    }
    self.path = path
    self.epoch = epoch
    self.directory = directory
    self.tail = tail
    self.presence = presence
    recovery = report
  }

  /// The sequence behind the last event that is on disk; it only rises.
  public var durableNext: UInt64 { tail.durableNext }

  /// The id of the last event that is on disk, or of sequence 0 where there is none yet.
  public var newestID: EventID { EventID(epoch: epoch, sequence: durableNext - 1) }

  /// The sequence of the oldest event that is still there, or of the next one in an empty queue.
  public func oldestSequence() throws(QueueError) -> UInt64 {
    try directory.segments().first?.first ?? durableNext
  }

  /// The folder of the queue at `path` in which each worker keeps what it counts.
  public static func workersPath(in path: FilePath) -> FilePath {
    QueueDirectory(path: path).workersPath
  }

  /// A watch that tells when the durable end has moved, in whichever process.
  public func watch() throws(SystemCallError) -> FileWatch {
    try FileWatch(directory.tailPath)
  }
}
