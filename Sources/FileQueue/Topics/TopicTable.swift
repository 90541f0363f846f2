import Kernel
import SystemPackage

/// Which events of a sealed segment belong to which topic; see <doc:Format>.
///
/// It is derived, made by ``Upkeep`` once the segment is sealed, and believed only if its checksum
/// is right.
final class TopicTable {
  static let magic = Array("weirtop2".utf8)
  /// Before an event could have several topics.
  static let earlierMagic = Array("weirtop1".utf8)
  static let headerByteCount = 32
  static let lineByteCount = 24

  /// One topic's line in the directory of the table.
  struct Line {
    let topicHash: UInt64
    let firstPosting: Int
    let postingCount: Int
    let nameOffset: Int
    let nameByteCount: Int
  }

  private let file: Descriptor
  private var lineCount = 0
  private var postingCount = 0
  /// The checksum of the segment's index, if that is right.
  private(set) var indexChecksum: UInt32 = 0
  /// Events in the segment.
  private(set) var eventCount = 0

  /// Opens the table of a segment and checks it; nil where there is none that can be believed.
  ///
  /// - Parameter sound: tables whose checksums the caller has seen to be right.
  static func open(
    _ segment: SegmentName, in directory: QueueDirectory, next: UInt64,
    _ sound: SoundTables = SoundTables()
  ) throws(SystemCallError) -> TopicTable? {
    do {
      let table = TopicTable(try Descriptor.open(directory.topicsPath(segment), .readOnly))
      return try table.readHeader(segment, next: next, sound) ? table : nil
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  private init(_ file: consuming Descriptor) {
    self.file = file
  }

  /// Reads the numbers of lines and postings; returns whether the table is sound.
  private func readHeader(
    _ segment: SegmentName, next: UInt64, _ sound: SoundTables
  ) throws(SystemCallError) -> Bool {
    let header = try read(at: 0, byteCount: Self.headerByteCount)
    guard header.count == Self.headerByteCount, Array(header[..<8]) == Self.magic else {
      return false
    }
    lineCount = Int(header.span.littleEndian32(at: 8))
    postingCount = Int(header.span.littleEndian32(at: 12))
    indexChecksum = header.span.littleEndian32(at: 20)
    eventCount = Int(header.span.littleEndian32(at: 24))
    let leastByteCount =
      Self.headerByteCount + lineCount * Self.lineByteCount + postingCount * 4
    let status = try file.status()
    guard segment.first + UInt64(eventCount) == next, status.byteCount >= leastByteCount else {
      return false
    }
    if sound.contains(segment, status) { return true }
    guard try checksum() == header.span.littleEndian32(at: 16) else { return false }
    sound.insert(segment, status)
    return true
  }

  /// The checksum of all that stands behind the header's own.
  private func checksum() throws(SystemCallError) -> UInt32 {
    var checksum = CRC32C()
    var bytes = [UInt8](repeating: 0, count: QueueLimits.chunkByteCount)
    var offset = 20
    while true {
      var span = bytes.mutableSpan
      let count = try file.read(at: offset, into: &span)
      if count == 0 { return checksum.value }
      checksum.update(bytes.span.extracting(0..<count))
      offset += count
    }
  }

  // MARK: - Looking up

  /// The events that a filter wants, as their numbers in the segment, sorted; nil where they are
  /// more than `countMaximum`.
  func matches(
    _ filter: TopicFilter, countMaximum: Int
  ) throws(SystemCallError) -> [UInt32]? {
    var matches: [UInt32] = []
    for line in try lines(wantedBy: filter) {
      guard matches.count + line.postingCount <= countMaximum else { return nil }
      matches += try postings(of: line, 0, count: line.postingCount)
    }
    matches.sort()
    if matches.count > 1 { Self.removeRepetitions(&matches) }
    return matches
  }

  /// The last `count` events before `limit` that are of the topics of a filter, as their numbers in the
  /// segment, sorted.
  func last(
    _ count: Int, of filter: TopicFilter, before limit: UInt32
  ) throws(SystemCallError) -> [UInt32] {
    var numbers: [UInt32] = []
    for line in try lines(wantedBy: filter) {
      var end = line.postingCount
      if end > 0, try postings(of: line, end - 1, count: 1).first.map({ $0 >= limit }) == true {
        var low = 0
        while low < end {
          let middle = (low + end) / 2
          if try postings(of: line, middle, count: 1).first.map({ $0 < limit }) == true {
            low = middle + 1
          } else {
            end = middle
          }
        }
      }
      let wanted = min(count, end)
      numbers += try postings(of: line, end - wanted, count: wanted).filter { $0 < limit }
    }
    numbers.sort()
    return numbers.suffix(count)
  }

  /// Some of a line's events, by their numbers in the segment.
  private func postings(
    of line: Line, _ place: Int, count: Int
  ) throws(SystemCallError) -> [UInt32] {
    let bytes = try read(
      at: Self.headerByteCount + lineCount * Self.lineByteCount + (line.firstPosting + place) * 4,
      byteCount: count * 4)
    return stride(from: 0, to: bytes.count - 3, by: 4).map { bytes.span.littleEndian32(at: $0) }
  }

  /// An event of several topics may be found by each of them.
  private static func removeRepetitions(_ numbers: inout [UInt32]) {
    var count = 1
    for place in 1..<numbers.count where numbers[place] != numbers[count - 1] {
      numbers[count] = numbers[place]
      count += 1
    }
    numbers.removeLast(numbers.count - count)
  }

  private func lines(wantedBy filter: TopicFilter) throws(SystemCallError) -> [Line] {
    guard filter.patterns.isEmpty else { return try allLines(wantedBy: filter) }
    var lines: [Line] = []
    for topic in filter.topics {
      let hash = topic.hash64
      var number = try lowerBound(hash)
      while number < lineCount {
        let line = try line(number)
        guard line.topicHash == hash else { break }
        let name = try name(line)
        if filter.matches(name.span) { lines.append(line) }
        number += 1
      }
    }
    return lines
  }

  /// Patterns are held against every topic that the segment has.
  private func allLines(wantedBy filter: TopicFilter) throws(SystemCallError) -> [Line] {
    let start = Self.headerByteCount
    let bytes = try read(at: start, byteCount: lineCount * Self.lineByteCount)
    let names = try read(
      at: start + bytes.count + postingCount * 4, byteCount: Int(Int32.max))
    var lines: [Line] = []
    for number in 0..<lineCount {
      let line = Self.line(bytes.span, at: number * Self.lineByteCount)
      let end = line.nameOffset + line.nameByteCount
      guard end <= names.count else { continue }
      let name = names.span.extracting(line.nameOffset..<end)
      if filter.matches(name) { lines.append(line) }
    }
    return lines
  }

  /// Calls `body` for every topic of the segment, in no order, with the numbers of its events in the segment,
  /// four bytes each, lowest first.
  func forEachTopic(
    _ body: (_ topic: Span<UInt8>, _ numbers: Span<UInt8>) throws(SystemCallError) -> Void
  ) throws(SystemCallError) {
    let bytes = try read(at: Self.headerByteCount, byteCount: Int(Int32.max))
    let numbers = lineCount * Self.lineByteCount
    let names = numbers + postingCount * 4
    for place in 0..<lineCount {
      let line = Self.line(bytes.span, at: place * Self.lineByteCount)
      let first = numbers + line.firstPosting * 4
      let end = first + line.postingCount * 4
      let name = names + line.nameOffset
      guard end <= names, name + line.nameByteCount <= bytes.count else { continue }
      try body(
        bytes.span.extracting(name..<(name + line.nameByteCount)),
        bytes.span.extracting(first..<end))
    }
  }

  private func lowerBound(_ hash: UInt64) throws(SystemCallError) -> Int {
    var low = 0
    var high = lineCount
    while low < high {
      let middle = (low + high) / 2
      let found = try line(middle)
      if found.topicHash < hash { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func line(_ number: Int) throws(SystemCallError) -> Line {
    let bytes = try read(
      at: Self.headerByteCount + number * Self.lineByteCount, byteCount: Self.lineByteCount)
    return Self.line(bytes.span, at: 0)
  }

  private static func line(_ bytes: Span<UInt8>, at start: Int) -> Line {
    Line(
      topicHash: bytes.littleEndian64(at: start),
      firstPosting: Int(bytes.littleEndian32(at: start + 8)),
      postingCount: Int(bytes.littleEndian32(at: start + 12)),
      nameOffset: Int(bytes.littleEndian32(at: start + 16)),
      nameByteCount: Int(bytes.littleEndian32(at: start + 20)))
  }

  private func name(_ line: Line) throws(SystemCallError) -> [UInt8] {
    try read(
      at: Self.headerByteCount + lineCount * Self.lineByteCount + postingCount * 4
        + line.nameOffset, byteCount: line.nameByteCount)
  }

  /// Reads so many bytes, or those up to the end of the file.
  private func read(at offset: Int, byteCount: Int) throws(SystemCallError) -> [UInt8] {
    let rest = max(0, try file.status().byteCount - offset)
    var bytes = [UInt8](repeating: 0, count: min(byteCount, rest))
    var span = bytes.mutableSpan
    _ = try file.read(at: offset, into: &span)
    return bytes
  }
}
