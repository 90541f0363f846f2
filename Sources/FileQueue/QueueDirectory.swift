import Kernel
import SystemPackage

/// The files of a queue: their names, and how the directory is made.
struct QueueDirectory: Hashable, Sendable {
  let path: FilePath

  var epochPath: FilePath { path.appending(EpochFile.name) }
  var lockPath: FilePath { path.appending("lock") }
  static let tailName = "tail"
  var tailPath: FilePath { path.appending(Self.tailName) }

  func textPath(_ segment: SegmentName) -> FilePath { path.appending(segment.textFile) }
  func indexPath(_ segment: SegmentName) -> FilePath { path.appending(segment.indexFile) }
  func keysPath(_ segment: SegmentName) -> FilePath { path.appending(segment.keysFile) }
  func topicsPath(_ segment: SegmentName) -> FilePath { path.appending(segment.topicsFile) }

  /// What damage and torn tails have left, kept for people.
  var quarantinePath: FilePath { path.appending("quarantine") }
  /// flock(2): held by the one process that looks after the queue.
  var upkeepPath: FilePath { path.appending("upkeep") }
  /// Which topics have ended and were deleted.
  var topicLogPath: FilePath { path.appending(TopicLog.name) }
  /// What the workers count, for whoever wants to know; the queue does not need it.
  var workersPath: FilePath { path.appending("workers") }

  /// The events that wait for their time.
  static let delayedName = "delayed"
  var delayedPath: FilePath { path.appending(Self.delayedName) }
  /// flock(2): held by whoever appends to it; claimed by the one process that publishes them.
  var delayedLockPath: FilePath { path.appending("delayed.lock") }

  /// All segments, oldest first.
  func segments() throws(QueueError) -> [SegmentName] {
    try names().compactMap { SegmentName(textFile: $0) }
  }

  /// The segments of which there are keys, oldest first; the segment itself may have been removed.
  func keyedSegments() throws(QueueError) -> [SegmentName] {
    try names().compactMap { SegmentName(keysFile: $0) }
  }

  /// The names of all files, sorted.
  func names() throws(QueueError) -> [String] {
    try mapping { () throws(SystemCallError) in try FileSystem.names(in: path) }
  }

  /// Bytes of a segment's files; 0 where it has been removed.
  func byteCount(of segment: SegmentName) throws(QueueError) -> Int {
    var byteCount = 0
    for path in [textPath(segment), indexPath(segment), topicsPath(segment), keysPath(segment)] {
      do {
        byteCount += try FileSystem.byteCount(of: path)
      } catch {
        if error.errno != .noSuchFileOrDirectory { throw .system(error) }
      }
    }
    return byteCount
  }

  /// Removes a segment's files, the text first: without it the others mean nothing.
  ///
  /// - Parameter keepsKeys: whether its keys stay, which may be asked for when its events are gone.
  func remove(_ segment: SegmentName, keepsKeys: Bool = false) throws(SystemCallError) {
    let keys = keepsKeys ? [] : [keysPath(segment)]
    for path in [textPath(segment), indexPath(segment), topicsPath(segment)] + keys {
      do {
        try FileSystem.unlink(path)
      } catch {
        if error.errno != .noSuchFileOrDirectory { throw error }
      }
    }
    try synchronize()
  }

  /// Opens or makes a file in the queue; what root makes belongs to whoever keeps the queue.
  func open(_ path: FilePath, _ mode: OpenMode) throws(SystemCallError) -> Descriptor {
    try Descriptor.openAsFolders(path, mode, madeBy: epochPath)
  }

  /// Makes a folder in the queue, likewise; returns false where it is there already.
  func makeFolder(_ path: FilePath) throws(SystemCallError) -> Bool {
    try FileSystem.makeDirectoryAsFolders(path, madeBy: epochPath)
  }

  /// Writes a whole file under its name at once: nobody ever sees a part of it, and it is on disk.
  func replace(_ path: FilePath, with bytes: Span<UInt8>) throws(SystemCallError) {
    let staging = FilePath(path.string + ".new")
    let file = try open(staging, .createIfMissing)
    try file.truncate(to: 0)
    try file.writeAll(bytes, at: 0)
    try file.synchronize()
    try FileSystem.rename(staging, to: path)
    try synchronize()
  }

  /// Keeps bytes for people, in the quarantine, on disk; returns the file's name.
  func quarantine(_ bytes: Span<UInt8>, as name: String) throws(SystemCallError) -> String {
    if try makeFolder(quarantinePath) { try synchronize() }
    let taken = Set(try FileSystem.names(in: quarantinePath))
    var free = name
    var number = 2
    while taken.contains(free) {
      free = "\(name).\(number)"
      number += 1
    }
    let file = try open(quarantinePath.appending(free), .createNew)
    try file.writeAll(bytes, at: 0)
    try file.synchronize()
    try Descriptor.open(quarantinePath, .directory).synchronize()
    return "quarantine/\(free)"
  }

  /// The files that are kept for people, as paths from the queue's directory.
  func quarantined() throws(QueueError) -> [String] {
    do {
      return try FileSystem.names(in: quarantinePath)
        .filter { !KnownLosses.isNotes($0) }.map { "quarantine/\($0)" }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return [] }
      throw .system(error)
    }
  }

  /// Puts new, renamed and removed names on disk.
  func synchronize() throws(SystemCallError) {
    try Descriptor.open(path, .directory).synchronize()
  }

  /// Makes the directory, unless there is one; refuses one that holds other things.
  ///
  /// Who makes it as root gives it to the owner of the folder that it is in, for the service to use.
  func make() throws(QueueError) {
    let isNew = try mapping { () throws(SystemCallError) in try FileSystem.makeDirectory(path) }
    guard isNew else { return try refuseStrangers() }
    try mapping { () throws(SystemCallError) in try FileSystem.giveToFoldersOwner(path) }
  }

  /// Makes the directory a queue, unless it is one; returns the queue's epochs, and whether it has just
  /// been made.
  ///
  /// The caller holds the lock.
  func prepare() throws(QueueError) -> (epochs: Epochs, isNew: Bool) {
    if let epochs = try EpochFile.read(in: path) { return (epochs, false) }
    try refuseStrangers()
    let parent = path.removingLastComponent()
    return try mapping { () throws(SystemCallError) in
      // Whoever made the directory may have died before its name was on disk.
      do throws(SystemCallError) {
        try Descriptor.open(parent.isEmpty ? "." : parent, .directory).synchronize()
      } catch {
        // Then it was made by somebody else, long ago.
        guard error.errno == .permissionDenied else { throw error }
      }
      let epochs = Epochs(try UInt32.fromKernel())
      try write(epochs)
      return (epochs, true)
    }
  }

  /// Puts the list of epochs on disk; the caller holds the lock.
  func write(_ epochs: Epochs) throws(SystemCallError) {
    try replace(epochPath, with: EpochFile.content(epochs).span)
  }

  /// What file systems and version control put into empty folders.
  static let namesInEmptyFolders = ["lost+found", ".gitkeep", ".gitignore", ".keep"]
  /// What a folder may hold that is to become a queue: that, and what a queue has before its epoch.
  private static let harmless =
    ["lock", "tail", "upkeep", "workers", "epoch.new"] + namesInEmptyFolders

  private func refuseStrangers() throws(QueueError) {
    guard try EpochFile.read(in: path) == nil else { return }
    let strangers = try names().filter { !Self.harmless.contains($0) }
    guard strangers.isEmpty else {
      throw .notAQueue(path: path.string, reason: "no `epoch` file, but \(strangers[0])")
    }
  }

  /// The epochs of a queue that is there.
  func existingEpochs() throws(QueueError) -> Epochs {
    let epochs: Epochs?
    do { epochs = try EpochFile.read(in: path) } catch {
      if case .system(let call) = error, call.errno == .notDirectory {
        throw .notAQueue(path: path.string, reason: "it is no directory")
      }
      throw error
    }
    guard let epochs else { throw .noQueue(path: path.string) }
    return epochs
  }

  /// Refuses who is neither root nor the folder's owner nor who has made the queue: such a user may be
  /// allowed to write to the folder, but could give nobody what is made there, and the queue would be
  /// taken from the service that keeps it.
  func refuseOtherUsers() throws(QueueError) {
    if Credentials.areRoots { return }
    do {
      let folder = try FileStatus(of: path)
      let maker = try FileStatus(of: epochPath)
      guard [folder.owner, maker.owner].contains(Credentials.user) else {
        throw QueueError.notOwner(path: path.string, owner: maker.owner)
      }
    } catch let error as SystemCallError {
      // Whoever makes the queue is its maker.
      if error.errno != .noSuchFileOrDirectory { throw .system(error) }
    } catch let error as QueueError {
      throw error
    } catch {}
  }

  // MARK: - The tail

  /// The page that appenders move, for reading, if it is about this folder and this start of the
  /// machine; else it may be behind what is on disk.
  func liveTail(_ epochs: Epochs, _ folder: FileIdentity) throws(QueueError) -> Tail? {
    do {
      guard let tail = try Tail(reading: try Descriptor.open(tailPath, .readOnly)),
        tail.memory(epochs: epochs) != nil,
        tail.home == QueueHome(folder: folder, tail: tail.file)
      else { return nil }
      return tail
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }

  /// A page of its own, which says what is on disk: nobody has the queue open, or has made its page yet.
  func tailByText(_ epochs: Epochs) throws(QueueError) -> Tail {
    let next = try nextByText(epochs)
    let remembered = try mapping { () throws(SystemCallError) in
      try Tail.memory(at: tailPath, epochs: epochs)?.durableNext ?? 1
    }
    let last = try segments().last ?? SegmentName(first: 1)
    return try mapping { () throws(SystemCallError) in
      try Tail.detached(
        end: Tail.AppendedEnd(
          next: max(next, remembered), segment: last, offset: 0, unixMilliseconds: 0),
        oldestKept: 1, epoch: epochs.current)
    }
  }

  /// The sequence behind the newest event by what the last segment says; who opens the queue next finds
  /// the same.
  func nextByText(_ epochs: Epochs) throws(QueueError) -> UInt64 {
    guard let last = try segments().last else { return 1 }
    return try mapping { () throws(SystemCallError) in
      try SegmentIndex.contents(of: last, in: self, epochs: epochs).scan.next
    }
  }

  /// Gives this folder files of its own in the place of those that it shares with another one, whose
  /// copy of hard links it is, and that would be written to; nobody has this one open.
  func breakLinks() throws(SystemCallError) {
    let last = (try? segments())?.last
    let written =
      [lockPath, tailPath, upkeepPath, topicLogPath, delayedPath, delayedLockPath]
      + (last.map { [textPath($0), indexPath($0), keysPath($0)] } ?? [])
    for path in written + GroupFolder(directory: self).writtenPaths {
      guard let status = try? FileStatus(of: path), status.linkCount > 1 else { continue }
      let file = try Descriptor.open(path, .readOnly)
      var bytes = [UInt8](repeating: 0, count: try file.status().byteCount)
      var span = bytes.mutableSpan
      _ = try file.read(at: 0, into: &span)
      try replace(path, with: bytes.span)
    }
  }

  /// Refuses the file systems of other machines, where flock(2) and the shared page do not reach.
  func refuseNetworkFileSystem() throws(QueueError) {
    let number = try mapping { () throws(SystemCallError) in
      try FileSystem.typeNumber(of: path)
    }
    let kinds: [Int: String] = [
      0x6969: "NFS", 0x517B: "SMB", 0xFF53_4D42: "CIFS", 0xFE53_4D42: "SMB2", 0x00C3_6400: "Ceph",
      0x5346_414F: "AFS", 0x0102_1997: "9P", 0x0BD0_0BD0: "Lustre", 0x7461_636F: "OCFS2",
      0x0116_1970: "GFS2",
    ]
    if let kind = kinds[number] { throw .networkFileSystem(path: path.string, kind: kind) }
  }
}
