import Kernel
public import SystemPackage

/// Whether the queue is still where it was opened.
extension Queue {
  /// What is at the queue's path now.
  public enum Place: Hashable, Sendable {
    /// The folder that is open.
    case here
    /// Nothing: it was moved or deleted.
    case gone
    /// Another folder; or the queue has begun a new epoch, which who has it open for reading does not
    /// know.
    case replaced
    /// The same folder, in which a file that the processes share was deleted or replaced.
    case fileDeleted(FilePath)
  }

  /// Looks what is at the path: two calls of statx(2).
  public func look() throws(QueueError) -> Place {
    do {
      guard try FileStatus(of: path).identity == folder else { return .replaced }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return .gone }
      if error.errno == .notDirectory { return .replaced }
      throw .system(error)
    }
    guard isTailShared else {
      guard try EpochFile.read(in: path) == epochs else { return .replaced }
      let live = try directory.liveTail(epochs, folder)
      return live == nil ? .here : .replaced
    }
    guard try directory.identity(of: directory.tailPath) == tail.file else {
      return .fileDeleted(directory.tailPath)
    }
    return tail.isAbout(epochs.current) ? .here : .replaced
  }

  /// Refuses to go on where the path leads elsewhere, or where a lock that the processes share has lost its
  /// name: others work with what has it then, and there must not be two writers.
  ///
  /// - Parameters:
  ///   - lock: the file that is locked; nil where it was not there.
  ///   - lockPath: the name that it had.
  func refuseElsewhere(lock: FileIdentity?, at lockPath: FilePath) throws(QueueError) {
    switch try look() {
    case .here: break
    case .gone: throw .moved(path: path.string, isReplaced: false)
    case .replaced: throw .moved(path: path.string, isReplaced: true)
    case .fileDeleted(let file): throw .deleted(path: file.string)
    }
    guard let there = try directory.identity(of: lockPath), there == lock else {
      throw .deleted(path: lockPath.string)
    }
  }
}

extension QueueDirectory {
  /// Which file has a name; nil where none has.
  func identity(of path: FilePath) throws(QueueError) -> FileIdentity? {
    do {
      return try FileStatus(of: path).identity
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }
}
