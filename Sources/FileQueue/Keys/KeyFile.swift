import Kernel
import SystemPackage

/// The keys of a segment's events, in a file beside it; see <doc:Format>.
///
/// It outlives the segment until its keys are too old to be asked for.
final class KeyFile {
  static let magic = Array("weirkey1".utf8)

  let segment: SegmentName
  private let file: Descriptor

  /// Opens the keys of a segment; nil where there is no such file, or another kind of one.
  init?(reading segment: SegmentName, in directory: QueueDirectory) throws(SystemCallError) {
    self.segment = segment
    do {
      file = try Descriptor.open(directory.keysPath(segment), .readOnly)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
    guard try hasMagic() else { return nil }
  }

  /// Opens the keys of a segment for writing; what is no such file is begun anew.
  init(writing segment: SegmentName, in directory: QueueDirectory) throws(SystemCallError) {
    self.segment = segment
    file = try directory.open(directory.keysPath(segment), .createIfMissing)
    if try hasMagic() { return }
    try file.truncate(to: 0)
    try file.writeAll(Self.magic.span, at: 0)
  }

  private func hasMagic() throws(SystemCallError) -> Bool {
    var bytes = [UInt8](repeating: 0, count: Self.magic.count)
    var span = bytes.mutableSpan
    return try file.read(at: 0, into: &span) == bytes.count && bytes == Self.magic
  }

  // MARK: - Reading

  /// Where reading a file has come to.
  struct Place: Hashable {
    /// Behind the last entry that was read.
    var offset = KeyFile.magic.count
    /// Entries so far.
    var count: UInt64 = 0
    /// The last of their events, and when it was published, in milliseconds since 1970.
    var lastSequence: UInt64 = 0
    var lastTime: Int64 = 0

    mutating func pass(_ entry: KeyEntry) {
      offset += entry.byteCount
      count += 1
      lastSequence = entry.sequence
      lastTime = entry.unixMilliseconds
    }
  }

  /// Hands out the entries from a place on, up to a seal, what is no entry, or an event that is not
  /// in the queue.
  ///
  /// - Parameters:
  ///   - next: the sequence behind the last event that is there.
  ///   - visit: gets each entry, where it stands, and its key.
  func read(
    from place: inout Place, upTo next: UInt64,
    _ visit: (KeyEntry, _ offset: Int, _ key: Span<UInt8>) -> Void
  ) throws(SystemCallError) {
    while true {
      let rest = try byteCount() - place.offset
      if rest <= 0 { return }
      var chunk = [UInt8](repeating: 0, count: min(rest, QueueLimits.copyChunkByteCount))
      var span = chunk.mutableSpan
      let count = try file.read(at: place.offset, into: &span)
      var start = 0
      while let entry = KeyEntry(chunk.span.extracting(0..<count), at: start) {
        guard !entry.isSeal, entry.sequence < next else { return }
        let key = chunk.span.extracting(
          (start + KeyEntry.headByteCount)..<(start + entry.byteCount))
        visit(entry, place.offset, key)
        place.pass(entry)
        start += entry.byteCount
      }
      if start == 0 { return }
    }
  }

  /// Calls `body` with the entry that stands at an offset, and its key.
  func withEntry<Result>(
    at offset: Int, _ body: (KeyEntry, _ key: Span<UInt8>) -> Result
  ) throws(SystemCallError) -> Result? {
    var bytes = [UInt8](repeating: 0, count: KeyEntry.byteCountMaximum)
    var span = bytes.mutableSpan
    let count = try file.read(at: offset, into: &span)
    guard let entry = KeyEntry(bytes.span.extracting(0..<count), at: 0) else { return nil }
    return body(entry, bytes.span.extracting(KeyEntry.headByteCount..<entry.byteCount))
  }

  /// The file's last line, if the segment was sealed and all of it was written.
  func seal() throws(SystemCallError) -> KeyEntry? {
    let offset = try byteCount() - KeyEntry.headByteCount
    guard offset >= Self.magic.count else { return nil }
    let seal = try withEntry(at: offset) { entry, _ in entry }
    return seal.flatMap { $0.isSeal ? $0 : nil }
  }

  func byteCount() throws(SystemCallError) -> Int { try file.status().byteCount }

  /// Which file it is, whatever its name.
  func identity() throws(SystemCallError) -> FileIdentity { try file.status().identity }

  // MARK: - Writing

  /// Writes entries behind a place.
  func write(_ entries: [UInt8], at place: Place) throws(SystemCallError) {
    try file.writeAll(entries.span, at: place.offset)
  }

  /// Cuts what stands behind a place.
  func cut(at place: Place) throws(SystemCallError) {
    if try byteCount() > place.offset { try file.truncate(to: place.offset) }
  }

  /// Cuts the keys of events that are not in the queue.
  ///
  /// - Parameter next: the sequence behind the last event that is there.
  static func cut(
    _ segment: SegmentName, upTo next: UInt64, in directory: QueueDirectory
  ) throws(SystemCallError) {
    guard try KeyFile(reading: segment, in: directory) != nil else { return }
    let file = try KeyFile(writing: segment, in: directory)
    var place = Place()
    try file.read(from: &place, upTo: next) { _, _, _ in }
    try file.cut(at: place)
  }

  /// Puts the seal behind a segment's keys, and all of them on disk.
  ///
  /// - Parameter next: the first sequence of the next segment.
  static func seal(
    _ segment: SegmentName, next: UInt64, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) {
    let file = try KeyFile(writing: segment, in: directory)
    var place = Place()
    try file.read(from: &place, upTo: next) { _, _, _ in }
    let rest = try file.byteCount() - place.offset
    let isWhole =
      rest == 0 ? true : try file.withEntry(at: place.offset) { entry, _ in entry.isSeal } ?? false
    // What cannot be read is not to be hidden behind a seal.
    guard isWhole else {
      _ = try rebuild(segment, next: next, in: directory, epochs: epochs)
      return
    }
    var bytes: [UInt8] = []
    seal(next, behind: place).append(key: [], to: &bytes)
    try file.cut(at: place)
    try file.write(bytes, at: place)
    try file.file.synchronizeData()
  }

  /// Whether a file has these entries and nothing else.
  private static func hasEntries(
    _ entries: [UInt8], of segment: SegmentName, in directory: QueueDirectory
  ) throws(SystemCallError) -> Bool {
    guard let there = try KeyFile(reading: segment, in: directory),
      try there.byteCount() == magic.count + entries.count
    else { return false }
    var bytes = [UInt8](repeating: 0, count: entries.count)
    var span = bytes.mutableSpan
    return try there.file.read(at: magic.count, into: &span) == bytes.count && bytes == entries
  }

  /// Makes a file of these entries and no seal; none, where there are none.
  static func write(
    _ entries: [UInt8], of segment: SegmentName, in directory: QueueDirectory
  ) throws(SystemCallError) {
    guard entries.isEmpty else {
      if try hasEntries(entries, of: segment, in: directory) { return }
      let file = try KeyFile(writing: segment, in: directory)
      try file.cut(at: Place())
      return try file.write(entries, at: Place())
    }
    do { try FileSystem.unlink(directory.keysPath(segment)) } catch {
      if error.errno != .noSuchFileOrDirectory { throw error }
    }
  }

  /// Whether a segment is sealed with all its keys.
  static func isSealed(
    _ segment: SegmentName, next: UInt64, in directory: QueueDirectory
  ) throws(SystemCallError) -> Bool {
    try KeyFile(reading: segment, in: directory)?.seal()?.sequence == next
  }

  /// Writes a segment's keys anew from its text, in a file in the place of the one that was there; returns how many
  /// there are.
  ///
  /// Others may have the queue open: they notice that it is another file (``KnownKeys``).
  ///
  /// - Parameter next: the first sequence of the next segment.
  static func rebuild(
    _ segment: SegmentName, next: UInt64, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> UInt64 {
    let contents = try SegmentIndex.contents(of: segment, in: directory, epochs: epochs)
    var bytes = magic + contents.keys
    seal(next, behind: contents.keysEnd).append(key: [], to: &bytes)
    try directory.replace(directory.keysPath(segment), with: bytes.span)
    return contents.keysEnd.count
  }

  private static func seal(_ next: UInt64, behind place: Place) -> KeyEntry {
    KeyEntry(
      sequence: next, unixMilliseconds: place.lastTime, content: place.count, keyByteCount: 0)
  }
}
