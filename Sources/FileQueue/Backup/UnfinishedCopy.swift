import Kernel
import SystemPackage

/// A copy of a queue that is being made, in a folder of its own until all of it is there.
///
/// That is beside the folder that the copy is for; in it where that is there already, because it may be
/// where a disk is mounted, and has an owner and a mode that somebody has chosen.
struct UnfinishedCopy: ~Copyable {
  /// Where the files go meanwhile.
  let directory: QueueDirectory
  private let folder: FilePath
  private let isInside: Bool
  /// Held for as long as somebody gathers a copy there.
  private let lock: FileLock

  private static let nameInside = "unfinished"

  /// Makes the folder, empty.
  ///
  /// - Throws: `cannotWriteBackup` where something is there that is no unfinished copy; `system`.
  init(for folder: FilePath) throws(QueueError) {
    let isInside = try mapping { () throws(SystemCallError) in
      do throws(SystemCallError) {
        _ = try FileStatus(of: folder)
        return true
      } catch {
        if error.errno == .noSuchFileOrDirectory { return false }
        throw error
      }
    }
    let directory = QueueDirectory(
      path: isInside
        ? folder.appending(Self.nameInside) : FilePath(folder.string + ".partial"))
    if let lock = try? FileLock(Descriptor.open(directory.path, .directory)) {
      try Self.hold(lock, of: folder)
      try Self.remove(directory)
    }
    let lock = try mapping { () throws(SystemCallError) in
      if isInside {
        _ = try FileSystem.makeDirectoryAsFolders(directory.path)
      } else {
        _ = try FileSystem.makeDirectory(directory.path)
        try FileSystem.giveToFoldersOwner(directory.path)
      }
      return FileLock(try Descriptor.open(directory.path, .directory))
    }
    try Self.hold(lock, of: folder)
    self.folder = folder
    self.isInside = isInside
    self.directory = directory
    self.lock = lock
  }

  /// Two commands that gather one copy would mix their files.
  private static func hold(
    _ lock: borrowing FileLock, of folder: FilePath
  ) throws(QueueError) {
    do throws(SystemCallError) {
      if try lock.tryLock() { return }
    } catch {
      throw .system(error)
    }
    throw .cannotWriteBackup(path: folder.string, reason: "another command is filling it")
  }

  /// What stands in the way of a copy in a folder.
  static func strangers(in folder: FilePath) throws(SystemCallError) -> [String] {
    try FileSystem.names(in: folder).filter {
      $0 != nameInside && !QueueDirectory.namesInEmptyFolders.contains($0)
    }
  }

  /// Puts the finished copy, which is on disk, into its place.
  func takePlace() throws(QueueError) {
    do throws(SystemCallError) {
      if isInside { try moveOut() } else { try takeName() }
    } catch {
      try? remove()
      if [.directoryNotEmpty, .fileExists, .notDirectory].contains(error.errno) {
        throw .cannotWriteBackup(path: folder.string, reason: "other things are in it")
      }
      throw .system(error)
    }
  }

  private func takeName() throws(SystemCallError) {
    let parent = folder.removingLastComponent()
    try FileSystem.rename(directory.path, to: folder)
    try Descriptor.open(parent.isEmpty ? "." : parent, .directory).synchronize()
  }

  /// The epochs come last: without them it is no queue.
  private func moveOut() throws(SystemCallError) {
    guard try Self.strangers(in: folder).isEmpty else {
      throw SystemCallError(call: "rename", errno: .directoryNotEmpty, subject: folder.string)
    }
    let target = QueueDirectory(path: folder)
    for name in try FileSystem.names(in: directory.path) where name != EpochFile.name {
      try FileSystem.rename(directory.path.appending(name), to: folder.appending(name))
    }
    try target.synchronize()
    try FileSystem.rename(directory.epochPath, to: target.epochPath)
    try FileSystem.removeDirectory(directory.path)
    try target.synchronize()
  }

  /// Removes what there is of it, or what an earlier try has left that did not come to its end.
  func remove() throws(QueueError) { try Self.remove(directory) }

  private static func remove(_ directory: QueueDirectory) throws(QueueError) {
    let folders = [directory.quarantinePath, directory.groupsPath]
    for folder in folders + [directory.path] {
      do throws(SystemCallError) {
        for name in try FileSystem.names(in: folder)
        where !folders.contains(folder.appending(name)) {
          guard QueueDirectory.isCopied(name) else {
            throw SystemCallError(call: "rmdir", errno: .directoryNotEmpty, subject: name)
          }
          try FileSystem.unlink(folder.appending(name))
        }
        try FileSystem.removeDirectory(folder)
      } catch {
        if error.errno == .noSuchFileOrDirectory { continue }
        guard error.errno == .directoryNotEmpty else { throw .system(error) }
        throw .cannotWriteBackup(
          path: folder.string,
          reason: "where a copy is gathered: \(error.subject ?? "more") is in it")
      }
    }
  }
}

extension QueueDirectory {
  /// Whether a copy of a queue has files of this name, in its folder or in the quarantine, or has them while
  /// they are written.
  fileprivate static func isCopied(_ name: String) -> Bool {
    let ending = Array(".new".utf8)
    let bytes = Array(name.utf8)
    let whole =
      bytes.suffix(ending.count) == ending[...]
      ? String(decoding: bytes.dropLast(ending.count), as: UTF8.self) : name
    return GroupName(file: whole) != nil
      || [EpochFile.name, tailName, TopicLog.name, delayedName].contains(whole)
      || KnownLosses.isNotes(whole)
      || SegmentName(textFile: whole) != nil || SegmentName(derivedFile: whole) != nil
      || SegmentName(keysFile: whole) != nil
  }
}
