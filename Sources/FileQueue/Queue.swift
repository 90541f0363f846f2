public import Kernel
public import SystemPackage

/// An open file queue: the durable, ordered store of events that any number of processes share.
///
/// Any thread may use it. It lends the shared tail to one ``Appender`` or ``Committer`` and to any
/// number of ``QueueReader``s. The format is described in <doc:Format>.
public final class Queue: Sendable {
  /// The queue's directory.
  public let path: FilePath
  /// The epochs that the queue has had; the last one is that of new events.
  public let epochs: Epochs
  /// What opening had to mend; nothing where another process had the queue open.
  public let recovery: RecoveryReport

  let directory: QueueDirectory
  let tail: Tail
  /// Which topics have ended and were deleted.
  let topicStates: TopicStates
  /// Which folder was at the path.
  let folder: FileIdentity
  /// Shared by all who have the queue open: who gets it alone is the first, and recovers.
  ///
  /// Nil for who only reads.
  private let presence: QueuePresence?
  /// Whether the tail is the one that appenders move; nobody has had the queue open for appending where it is
  /// otherwise, or not since the machine was started.
  public let isTailShared: Bool

  /// Opens the queue at `path` for reading and appending, recovering it if no other process has it open.
  ///
  /// What is found on another folder than it was on before, or after a start of the machine, begins a
  /// new epoch.
  ///
  /// - Parameter creating: whether a queue is made where there is none.
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `networkFileSystem`, `notOwner`,
  ///   `linked`, `locked`, `system`.
  public init(at path: FilePath, creating: Bool) throws(QueueError) {
    let directory = QueueDirectory(path: path)
    if creating {
      try directory.make()
    } else {
      _ = try directory.existingEpochs()
    }
    try directory.refuseNetworkFileSystem()
    try directory.refuseOtherUsers()
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try directory.open(directory.lockPath, .createIfMissing))
    }
    try lock.hold(at: directory.lockPath)
    let (epochs, isNew) = try directory.prepare()
    var opening = try mapping { () throws(SystemCallError) in try QueueOpening(directory) }
    let states: TopicStateRecovery?
    if try mapping({ () throws(SystemCallError) in try opening.isFirst() }) {
      (self.epochs, recovery) = try opening.recover(epochs, isNew: isNew)
      states = opening.topicStates
    } else {
      // Before a weir knew of homes it noted none.
      guard opening.isAtHome || opening.tail.home == nil else { throw .linked(path: path.string) }
      self.epochs = opening.tail.epochs(inFile: epochs)
      recovery = RecoveryReport()
      states = try Self.topicStates(directory, self.epochs, opening.tail)
    }
    try mapping { () throws(SystemCallError) in
      try opening.share()
      try lock.unlock()
    }
    folder = opening.folder
    presence = QueuePresence(lock: opening.presence)
    tail = opening.tail
    topicStates = TopicStates(directory, states, isWritable: true)
    isTailShared = true
    self.path = path
    self.directory = directory
    if tail.pendingEpoch != nil {
      var appender = try Appender(self)
      // What stands in the way, such as a full disk, is no reason not to serve what there is: the first
      // append begins it then, or tells why not.
      try? appender.beginEpoch()
    }
  }

  /// Opens the queue at `path` for reading: nothing in it is changed, permission to read is enough, and
  /// nobody who uses it notices.
  ///
  /// Whatever is on disk is there to be read, whether or not a process has the queue open.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(readingAt path: FilePath) throws(QueueError) {
    let directory = QueueDirectory(path: path)
    let epochs = try directory.existingEpochs()
    folder = try mapping { () throws(SystemCallError) in try FileStatus(of: path).identity }
    if let live = try directory.liveTail(epochs, folder) {
      tail = live
      isTailShared = true
    } else {
      try directory.refuseOtherEvents(epochs)
      tail = try directory.tailByText(epochs)
      isTailShared = false
    }
    self.epochs = tail.epochs(inFile: epochs)
    topicStates = TopicStates(
      directory, try Self.topicStates(directory, self.epochs, tail), isWritable: false)
    presence = nil
    recovery = RecoveryReport()
    self.path = path
    self.directory = directory
  }

  /// What the file `topics` and the events say, where the page does not tell how far the file is good.
  private static func topicStates(
    _ directory: QueueDirectory, _ epochs: Epochs, _ tail: borrowing Tail
  ) throws(QueueError) -> TopicStateRecovery? {
    if tail.topicLogCell > 0 { return nil }
    return try TopicStateRecovery(directory, epochs: epochs, next: tail.durableNext)
  }

  /// Half of the ids of new events.
  public var epoch: UInt32 { epochs.current }

  /// The sequence behind the last event that is on disk; it only rises.
  public var durableNext: UInt64 { tail.durableNext }

  /// The id of the last event that is on disk, or of sequence 0 where there is none yet.
  public var newestID: EventID { epochs.id(of: durableNext - 1) }

  /// What an id that somebody has seen means here.
  public func place(of id: EventID) -> IDPlace { epochs.place(of: id, next: durableNext) }

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

  /// The lock of who appends, for one appender.
  func openLock() throws(QueueError) -> FileLock {
    if presence == nil { throw .openedForReading }
    return try mapping { () throws(SystemCallError) in
      FileLock(try Descriptor.open(directory.lockPath, .readWrite))
    }
  }
}

/// Having a queue open: the lock that all share who have.
private struct QueuePresence: ~Copyable {
  let lock: FileLock
}
