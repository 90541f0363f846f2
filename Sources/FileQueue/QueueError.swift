public import Kernel

/// What the file queue cannot do, with the place and what to do next.
public enum QueueError: Error, Sendable, CustomStringConvertible {
  /// A topic or pattern that is none.
  case invalidTopic(reason: String)
  /// A field of an event that is not within its limits, which `rule` tells.
  case invalidField(name: String, value: String, rule: String)
  /// An event whose record would be larger than the limit.
  case eventTooLarge(byteCount: Int, byteCountMaximum: Int)
  /// The key was used for another event.
  case keyReused(key: String)
  /// The topic has had its last event.
  case topicEnded(topic: String)
  /// More events wait for their time than the queue keeps.
  case tooManyDelayed(count: Int, byteCount: Int)
  /// There is no queue at the path, and it was not to be made.
  case noQueue(path: String)
  /// The directory holds something else.
  case notAQueue(path: String, reason: String)
  /// The file `epoch` is not the one of the queue.
  case badEpochFile(path: String, reason: String)
  /// A backup or a restored queue cannot be put there.
  case cannotWriteBackup(path: String, reason: String)
  /// What was to be restored is no backup.
  case badArchive(offset: Int, reason: String)
  /// The queue was made by a newer weir.
  case unknownFormat(path: String, version: String)
  /// The directory is on a file system whose locks and syncs other machines do not share.
  case networkFileSystem(path: String, kind: String)
  /// Another process has the queue open.
  case inUse(path: String)
  /// The files are hard links of a queue that another process has open.
  case linked(path: String)
  /// Another process has held the queue's lock for too long.
  case locked(path: String)
  /// The queue belongs to another user, who could not use what would be made in it.
  case notOwner(path: String, owner: UInt32)
  /// The queue was opened for reading only.
  case openedForReading
  /// A file of the queue was deleted or replaced while it was in use.
  case deleted(path: String)
  /// The folder at the queue's path is not the one that is in use.
  case moved(path: String, isReplaced: Bool)
  /// The disk or a quota is full; nothing was appended.
  case full(SystemCallError)
  /// Writing or syncing failed; the queue takes no more until it is opened again.
  case readOnly(reason: String)
  /// More waits for the disk than the queue takes in.
  case overloaded(byteCountMaximum: Int)
  /// The disk stands still: so many wait already to be told whether a publish would succeed.
  case stalled(waiterCount: Int)
  /// The committer has been stopped.
  case stopped
  /// A segment is not what the queue's tail says.
  case damaged(segment: String, offset: Int, reason: String)
  /// A system call failed.
  case system(SystemCallError)

  /// What happened, where, and what to do next.
  public var description: String {
    switch self {
    case .invalidTopic(let reason):
      "the topic \(reason)"
    case .invalidField(let name, let value, let rule):
      "\(name) is \(value); it is \(rule)"
    case .eventTooLarge(let count, let limit):
      "the event takes \(count) bytes on the wire; the limit is \(limit): send less, or in parts"
    case .keyReused(let key):
      "the key '\(key)' was used for another event: send the same event again, or use another key"
    case .topicEnded(let topic):
      "the topic '\(topic)' has ended: publish under another one, or delete it to begin it anew"
    case .tooManyDelayed(let count, let byteCount):
      "\(count) delayed events of \(byteCount) bytes wait already; the limits are "
        + "\(QueueLimits.delayedEventCountMaximum) and \(QueueLimits.delayedByteCountMaximum): publish "
        + "again when some are out, or cancel some"
    case .noQueue(let path):
      "there is no queue at \(path): check the path; `weir serve --queue` makes one"
    case .notAQueue(let path, let reason):
      "\(path) is not a queue (\(reason)): name an empty or a new directory"
    case .badEpochFile(let path, let reason):
      "\(path) \(reason); nothing was changed: put the file of a backup of this queue in its place"
    case .cannotWriteBackup(let path, let reason):
      "nothing can be put into \(path), \(reason): name an empty or a new directory"
    case .badArchive(let offset, let reason):
      "the archive cannot be restored, at offset \(offset): \(reason)"
    case .unknownFormat(let path, let version):
      "the queue at \(path) has format \(version), this weir knows formats 1 "
        + "and 2: use the weir that made it"
    case .networkFileSystem(let path, let kind):
      "\(path) is on a network file system (\(kind)), where locks and syncs hold for this machine "
        + "only: name a directory on a local disk"
    case .inUse(let path):
      "the queue at \(path) is in use: stop weir and whatever else has it open, then try again"
    case .linked(let path):
      "the files in \(path) are hard links of a queue that is in use elsewhere: copy that one "
        + "with `weir backup`, or stop what uses it"
    case .locked(let path):
      "another process has held \(path) for more than \(QueueLimits.lockPatience): "
        + "`fuser -v \(path)` names it; it may be stopped, or its disk slow"
    case .notOwner(let path, let owner):
      "the queue at \(path) belongs to the user with number \(owner), who could not use what you would "
        + "make in it: run this as that user (`sudo -u '#\(owner)' weir …`) or as root"
    case .openedForReading:
      "the queue is open for reading only"
    case .moved(let path, let isReplaced):
      (isReplaced
        ? "another folder is at \(path) than the queue that weir has open"
        : "the queue's folder was moved or deleted, it is not at \(path) any more")
        + ": nothing was queued; "
        + (isReplaced
          ? "restart weir, and it goes on with what is there"
          : "put it back, or another one in its place")
    case .deleted(let path):
      "\(path) was deleted or replaced while it was in use, nothing was queued: restart weir"
    case .full(let error):
      "no space for the event (\(error)): nothing was queued; free disk space and publish again"
    case .readOnly(let reason):
      "the queue takes no events since a write failed (\(reason)): check the disk, run "
        + "`weir check`, then restart weir"
    case .overloaded(let limit):
      "more than \(limit) bytes wait for the disk: publish again later"
    case .stalled(let count):
      "the disk has not answered for so long that \(count) wait to know of it: look what holds it up"
    case .stopped:
      "weir is stopping: publish again later"
    case .damaged(let segment, let offset, let reason):
      "\(segment) is damaged at offset \(offset) (\(reason)): run `weir check`"
    case .system(let error):
      "\(error)"
    }
  }
}

/// Runs kernel calls and hands their errors on as the queue's.
@inline(__always)
func mapping<Result: ~Copyable>(
  _ body: () throws(SystemCallError) -> Result
) throws(QueueError) -> Result {
  do {
    return try body()
  } catch {
    throw .system(error)
  }
}
