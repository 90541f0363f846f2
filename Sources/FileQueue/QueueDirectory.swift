import Kernel
import SystemPackage

/// The files of a queue: their names, and how the directory is made.
struct QueueDirectory: Hashable, Sendable {
  /// What the `epoch` file says of the format.
  static let formatVersion = "1"

  let path: FilePath

  var epochPath: FilePath { path.appending("epoch") }
  var lockPath: FilePath { path.appending("lock") }
  var tailPath: FilePath { path.appending("tail") }

  func textPath(_ segment: SegmentName) -> FilePath { path.appending(segment.textFile) }
  func indexPath(_ segment: SegmentName) -> FilePath { path.appending(segment.indexFile) }
  func topicsPath(_ segment: SegmentName) -> FilePath { path.appending(segment.topicsFile) }

  /// What damage and torn tails have left, kept for people.
  var quarantinePath: FilePath { path.appending("quarantine") }
  /// flock(2): held by the one process that looks after the queue.
  var upkeepPath: FilePath { path.appending("upkeep") }
  /// What the workers count, for whoever wants to know; the queue does not need it.
  var workersPath: FilePath { path.appending("workers") }

  /// All segments, oldest first.
  func segments() throws(QueueError) -> [SegmentName] {
    try names().compactMap { SegmentName(textFile: $0) }
  }

  /// The names of all files, sorted.
  func names() throws(QueueError) -> [String] {
    try mapping { () throws(SystemCallError) in try FileSystem.names(in: path) }
  }

  /// Bytes of a segment's files; 0 where it has been removed.
  func byteCount(of segment: SegmentName) throws(QueueError) -> Int {
    var byteCount = 0
    for path in [textPath(segment), indexPath(segment), topicsPath(segment)] {
      do {
        byteCount += try FileSystem.byteCount(of: path)
      } catch {
        if error.errno != .noSuchFileOrDirectory { throw .system(error) }
      }
    }
    return byteCount
  }

  /// Removes a segment's files, the text first: without it the others mean nothing.
  func remove(_ segment: SegmentName) throws(SystemCallError) {
    for path in [textPath(segment), indexPath(segment), topicsPath(segment)] {
      do {
        try FileSystem.unlink(path)
      } catch {
        if error.errno != .noSuchFileOrDirectory { throw error }
      }
    }
    try synchronize()
  }

  /// Writes a whole file under its name at once: nobody ever sees a part of it, and it is on disk.
  func replace(_ path: FilePath, with bytes: Span<UInt8>) throws(SystemCallError) {
    let staging = FilePath(path.string + ".new")
    let file = try Descriptor.open(staging, .createIfMissing)
    try file.truncate(to: 0)
    try file.writeAll(bytes, at: 0)
    try file.synchronize()
    try FileSystem.rename(staging, to: path)
    try synchronize()
  }

  /// Keeps bytes for people, in the quarantine, on disk; returns the file's name.
  func quarantine(_ bytes: Span<UInt8>, as name: String) throws(SystemCallError) -> String {
    if try FileSystem.makeDirectory(quarantinePath) { try synchronize() }
    let taken = Set(try FileSystem.names(in: quarantinePath))
    var free = name
    var number = 2
    while taken.contains(free) {
      free = "\(name).\(number)"
      number += 1
    }
    let file = try Descriptor.open(quarantinePath.appending(free), .createNew)
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

  /// Makes the directory, on disk too, unless there is one; refuses one that holds other things.
  func make() throws(QueueError) {
    let isNew = try mapping { () throws(SystemCallError) in try FileSystem.makeDirectory(path) }
    guard isNew else { return try refuseStrangers() }
    let parent = path.removingLastComponent()
    try mapping { () throws(SystemCallError) in
      try Descriptor.open(parent.isEmpty ? "." : parent, .directory).synchronize()
    }
  }

  /// Makes the directory a queue, unless it is one; returns the queue's epoch.
  ///
  /// The caller holds the lock.
  func prepare() throws(QueueError) -> UInt32 {
    if let epoch = try readEpoch() { return epoch }
    try refuseStrangers()
    return try mapping { () throws(SystemCallError) in try makeEpoch() }
  }

  private func refuseStrangers() throws(QueueError) {
    guard try readEpoch() == nil else { return }
    let own = ["lock", "tail", "upkeep", "workers", "epoch.new"]
    let strangers = try names().filter { !own.contains($0) }
    guard strangers.isEmpty else {
      throw .notAQueue(path: path.string, reason: "no `epoch` file, but \(strangers[0])")
    }
  }

  /// The epoch of a queue that is there.
  func existingEpoch() throws(QueueError) -> UInt32 {
    let epoch: UInt32?
    do { epoch = try readEpoch() } catch {
      if case .system(let call) = error, call.errno == .notDirectory {
        throw .notAQueue(path: path.string, reason: "it is no directory")
      }
      throw error
    }
    guard let epoch else { throw .noQueue(path: path.string) }
    return epoch
  }

  /// The queue's epoch; nil where the file is not there.
  func readEpoch() throws(QueueError) -> UInt32? {
    var content = [UInt8](repeating: 0, count: 64)
    let count: Int
    do {
      let file = try Descriptor.open(epochPath, .readOnly)
      var span = content.mutableSpan
      count = try file.read(at: 0, into: &span)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
    content.removeLast(content.count - count)
    let line = String(decoding: content, as: UTF8.self)
    let words = line.dropLast(line.hasSuffix("\n") ? 1 : 0).split(separator: " ")
    guard words.count >= 3, words[0] == "weir-queue" else {
      throw .notAQueue(path: path.string, reason: "its `epoch` file is another program's")
    }
    guard words[1] == Self.formatVersion else {
      throw .unknownFormat(path: path.string, version: String(words[1]))
    }
    guard words.count == 3, words[2].utf8.count == 8, let epoch = UInt32(words[2], radix: 16)
    else {
      throw .notAQueue(path: path.string, reason: "its `epoch` file is damaged")
    }
    return epoch
  }

  private func makeEpoch() throws(SystemCallError) -> UInt32 {
    let epoch = try UInt32.fromKernel()
    let line = Array("weir-queue \(Self.formatVersion) \(HexadecimalDigits(epoch))\n".utf8)
    try replace(epochPath, with: line.span)
    return epoch
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
