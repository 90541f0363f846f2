import Kernel
public import SystemPackage

extension QueueBackup {
  /// Makes a folder hold the backup; it is on disk, and checked, afterwards.
  ///
  /// A folder that holds an earlier backup of the same queue is brought up to date: what is in it
  /// already is not copied again, and at every moment it is a backup, of then or of now.
  ///
  /// - Parameter report: called now and then.
  /// - Returns: what is damaged in it, in words: as in the queue, or by the way.
  /// - Throws: `cannotWriteBackup`, `inUse` where a process has the folder open as a queue, `system`.
  public func write(
    to folder: FilePath, _ report: (CopyStep) -> Void = { _ in }
  ) throws(QueueError) -> [String] {
    let folder = try destination(folder)
    guard try Self.isEarlierBackup(folder, epochs) else { return try make(in: folder, report) }
    let target = QueueDirectory(path: folder)
    try update(target, report)
    return try Self.damage(in: target, report)
  }

  /// Makes a folder hold the backup in which nothing is.
  func make(
    in folder: FilePath, _ report: (CopyStep) -> Void
  ) throws(QueueError) -> [String] {
    let folder = try destination(folder)
    let copy = try UnfinishedCopy(for: folder)
    let gathered = copy.directory
    do throws(SystemCallError) {
      try self.copy(to: gathered, report)
      try gathered.synchronize()
    } catch {
      // On a full disk it would be in the way of everybody.
      try? copy.remove()
      throw .system(error)
    }
    try copy.takePlace()
    return try Self.damage(in: QueueDirectory(path: folder), report)
  }

  /// Copies what is not there yet.
  private func copy(
    to target: QueueDirectory, _ report: (CopyStep) -> Void
  ) throws(SystemCallError) {
    let total = byteCount
    var before = 0
    for file in files {
      if try !Self.isThere(file, in: target) {
        try Self.copy(file, to: target) { report(.copied(byteCount: before + $0, of: total)) }
      }
      before += file.byteCount
      report(.copied(byteCount: before, of: total))
    }
  }

  /// Where a path leads; refuses the queue itself, and what is in it.
  private func destination(_ folder: FilePath) throws(QueueError) -> FilePath {
    let path = try mapping { () throws(SystemCallError) in try FileSystem.realPath(folder) }
    var ancestor = path
    while true {
      if (try? FileStatus(of: ancestor).identity) == source {
        throw .cannotWriteBackup(
          path: folder.string, reason: "it is the queue that is copied, or in it")
      }
      if !ancestor.removeLastComponent() { return path }
    }
  }

  /// What a check finds wrong in a folder.
  static func damage(
    in directory: QueueDirectory, _ report: (CopyStep) -> Void
  ) throws(QueueError) -> [String] {
    var damage: [String] = []
    let check = try QueueCheck(directory.path)
    let total = try check.byteCount()
    var checked = 0
    try check.run { finding in
      if finding.isDamage { damage.append("\(finding)") }
      guard case .segment(_, _, _, _, let count) = finding else { return }
      checked += count
      report(.checked(byteCount: checked, of: total))
    }
    return damage
  }

  /// Whether a folder holds a backup of the same queue; false for none, or an empty one.
  private static func isEarlierBackup(
    _ folder: FilePath, _ epochs: Epochs
  ) throws(QueueError) -> Bool {
    do {
      if try UnfinishedCopy.strangers(in: folder).isEmpty { return false }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return false }
      throw .system(error)
    }
    guard let other = try EpochFile.read(in: folder) else {
      throw .cannotWriteBackup(path: folder.string, reason: "other things are in it")
    }
    guard other.entries[0] == epochs.entries[0] else {
      throw .cannotWriteBackup(
        path: folder.string, reason: "another queue, or its backup, is in it")
    }
    return true
  }

  private func update(
    _ target: QueueDirectory, _ report: (CopyStep) -> Void
  ) throws(QueueError) {
    let presence = try mapping { () throws(SystemCallError) in
      FileLock(try target.open(target.tailPath, .createIfMissing))
    }
    guard try mapping({ () throws(SystemCallError) in try presence.tryLock() }) else {
      throw .inUse(path: target.path.string)
    }
    let kept = Set(files.compactMap { SegmentName(textFile: $0.name) })
    try removeDerived(kept, from: target)
    try removeGroups(from: target)
    try mapping { () throws(SystemCallError) in
      // The page last: until then it remembers less than there is.
      try copy(to: target, report)
      try target.synchronize()
    }
    for segment in try target.segments() where !kept.contains(segment) {
      // What the queue has lost, and retention has not removed, the backup is there for.
      if missingBegin.contains(segment.first) { continue }
      // Keys outlive their events.
      let keepsKeys = files.contains { $0.name.hasSameBytes(as: segment.keysFile) }
      try mapping { () throws(SystemCallError) in
        try target.remove(segment, keepsKeys: keepsKeys)
      }
    }
  }

  /// Removes what the queue has not, or has not derived, such as the table of a segment that grows again since the
  /// queue was restored: it is of an older text.
  private func removeDerived(
    _ kept: Set<SegmentName>, from target: QueueDirectory
  ) throws(QueueError) {
    let copied = Set(files.map(\.name))
    for name in try target.names() where !copied.contains(name) {
      let isOfKept = SegmentName(derivedFile: name).map { kept.contains($0) } ?? false
      // Their events may be those that the queue has lost.
      let areOldKeys =
        SegmentName(keysFile: name).map { !missingBegin.contains($0.first) } ?? false
      guard isOfKept || areOldKeys || name.hasSameBytes(as: QueueDirectory.delayedName) else {
        continue
      }
      try mapping { () throws(SystemCallError) in
        try FileSystem.unlink(target.path.appending(name))
      }
    }
  }

  /// Removes groups that the queue has not any more.
  private func removeGroups(from target: QueueDirectory) throws(QueueError) {
    let copied = Set(files.map(\.name))
    for file in GroupFolder(directory: target).writtenPaths {
      let name = file.lastComponent?.string ?? ""
      guard let path = GroupFolder.path(folder: GroupFolder.folderName, file: name),
        !copied.contains(path)
      else { continue }
      try mapping { () throws(SystemCallError) in try FileSystem.unlink(file) }
    }
  }

  /// Whether a segment's file was copied before: they only grow, and a sealed one not even that.
  private static func isThere(
    _ file: BackupFile, in target: QueueDirectory
  ) throws(SystemCallError) -> Bool {
    // Made anew now and then.
    if file.name.hasSameBytes(as: TopicLog.name) { return false }
    // The state of a group changes in its place.
    if GroupFolder.isGroup(file.name) { return false }
    let compared = QueueLimits.comparedByteCount
    do throws(SystemCallError) {
      let other = try Descriptor.open(target.path.appending(file.name), .readOnly)
      guard try other.status().byteCount == file.byteCount else { return false }
      let there = BackupFile(file.name, other, byteCount: file.byteCount)
      return try there.end(byteCountMaximum: compared) == file.end(byteCountMaximum: compared)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return false }
      throw error
    }
  }

  /// Copies a file, under its name at once when it is on disk.
  private static func copy(
    _ file: BackupFile, to target: QueueDirectory, _ report: (Int) -> Void
  ) throws(SystemCallError) {
    let path = target.path.appending(file.name)
    if path.removingLastComponent() != target.path {
      _ = try target.makeFolder(path.removingLastComponent())
    }
    let staging = FilePath(path.string + ".new")
    let copy = try target.open(staging, .createIfMissing)
    try copy.truncate(to: 0)
    var offset = 0
    try file.read { (bytes) throws(SystemCallError) in
      try copy.writeAll(bytes, at: offset)
      offset += bytes.count
      report(offset)
    }
    try copy.synchronize()
    try FileSystem.rename(staging, to: path)
    if path.removingLastComponent() != target.path {
      try Descriptor.open(path.removingLastComponent(), .directory).synchronize()
    }
    try target.synchronize()
  }
}
