import Kernel
import SystemPackage

/// Makes the ``TopicTable`` of a sealed segment from its text.
struct TopicTableBuilder {
  /// A topic, by what tells it apart from others with the same hash.
  private struct Key: Hashable {
    let topicHash: UInt64
    let topicChecksum: UInt32
    let nameByteCount: UInt32

    static func isBefore(_ one: Key, _ other: Key) -> Bool {
      (one.topicHash, one.topicChecksum, one.nameByteCount)
        < (other.topicHash, other.topicChecksum, other.nameByteCount)
    }
  }

  private struct Line {
    let key: Key
    /// Where the name stands in the text.
    let nameOffset: Int
    var eventCount: UInt32 = 0
  }

  /// That an event has a topic: as small as can be, because a segment has hundreds of thousands.
  private struct Posting {
    /// The topic's place among the lines.
    let line: UInt32
    let number: UInt32
  }

  private var lines: [Line] = []
  private var places: [Key: UInt32] = [:]
  private var postings: [Posting] = []
  private var eventCount: UInt32 = 0
  private var index: [UInt8] = []
  private var indexChecksum = CRC32C()

  /// Writes the table of `segment`, which ends before `next`.
  ///
  /// - Returns: whether there is one now; a segment with damage gets none, so that readers go
  ///   through its text and tell of what is missing.
  static func build(
    _ segment: SegmentName, next: UInt64, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> Bool {
    guard let bytes = try table(segment, next: next, in: directory, epochs: epochs) else {
      return false
    }
    try directory.replace(directory.topicsPath(segment), with: bytes.span)
    return true
  }

  /// The table that is there, whatever it says.
  static func existing(
    _ segment: SegmentName, in directory: QueueDirectory
  ) throws(SystemCallError) -> [UInt8]? {
    do {
      let file = try Descriptor.open(directory.topicsPath(segment), .readOnly)
      var bytes = [UInt8](repeating: 0, count: try file.status().byteCount)
      var span = bytes.mutableSpan
      _ = try file.read(at: 0, into: &span)
      return bytes
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  /// The table that the text makes; nil for a segment with damage.
  static func table(
    _ segment: SegmentName, next: UInt64, in directory: QueueDirectory, epochs: Epochs
  ) throws(SystemCallError) -> [UInt8]? {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var builder = TopicTableBuilder()
    builder.postings.reserveCapacity(
      min(Int(clamping: next - segment.first), QueueLimits.segmentEventCountMaximum))
    var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
    let scan = try scanner.scan(text, of: segment) { layout, record, base in
      builder.addToIndex(IndexEntry(layout, at: base + layout.start, record))
      let number = UInt32(layout.sequence - segment.first)
      builder.eventCount += 1
      builder.add(number, topic: layout.topic, record, base)
      layout.forEachFurtherTopic(in: record) { builder.add(number, topic: $0, record, base) }
    }
    guard scan.damages.isEmpty, scan.tornByteCount == 0, scan.next == next else { return nil }
    return try builder.render(text)
  }

  /// Only the index's checksum is needed, not the index.
  private mutating func addToIndex(_ entry: IndexEntry) {
    index.removeAll(keepingCapacity: true)
    entry.append(to: &index)
    var checksum = indexChecksum
    checksum.update(index.span)
    indexChecksum = checksum
  }

  private mutating func add(
    _ number: UInt32, topic place: Range<Int>, _ record: Span<UInt8>, _ base: Int
  ) {
    let topic = record.extracting(place)
    let key = Key(
      topicHash: Topic.hash64(topic), topicChecksum: CRC32C.of(topic),
      nameByteCount: UInt32(place.count))
    let line = self.line(of: key, nameOffset: base + place.lowerBound)
    lines[Int(line)].eventCount += 1
    postings.append(Posting(line: line, number: number))
  }

  private mutating func line(of key: Key, nameOffset: Int) -> UInt32 {
    // Events in a row often have the same topic.
    if let last = postings.last, lines[Int(last.line)].key == key { return last.line }
    if let line = places[key] { return line }
    let line = UInt32(lines.count)
    places[key] = line
    lines.append(Line(key: key, nameOffset: nameOffset))
    return line
  }

  private mutating func render(_ text: borrowing Descriptor) throws(SystemCallError) -> [UInt8] {
    places = [:]
    let order = lines.indices.sorted { Key.isBefore(lines[$0].key, lines[$1].key) }
    var table: [UInt8] = []
    var names: [UInt8] = []
    // Where the next event of each line goes in the list.
    var nexts = [Int](repeating: 0, count: lines.count)
    var start = 0
    for place in order {
      let line = lines[place]
      nexts[place] = start
      table.append(littleEndian: line.key.topicHash)
      table.append(littleEndian: UInt32(start))
      table.append(littleEndian: line.eventCount)
      table.append(littleEndian: UInt32(names.count))
      table.append(littleEndian: line.key.nameByteCount)
      names.append(contentsOf: try name(line, text))
      start += Int(line.eventCount)
    }
    var numbers = [UInt32](repeating: 0, count: postings.count)
    for posting in postings {
      numbers[nexts[Int(posting.line)]] = posting.number
      nexts[Int(posting.line)] += 1
    }
    let postingCount = UInt32(postings.count)
    postings = []
    var bytes = TopicTable.magic
    bytes.reserveCapacity(
      TopicTable.headerByteCount + table.count + 4 * numbers.count + names.count)
    bytes.append(littleEndian: UInt32(lines.count))
    bytes.append(littleEndian: postingCount)
    let checksum = bytes.count
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: indexChecksum.value)
    bytes.append(littleEndian: eventCount)
    bytes.append(contentsOf: repeatElement(0, count: TopicTable.headerByteCount - 28))
    bytes.append(contentsOf: table)
    for number in numbers { bytes.append(littleEndian: number) }
    bytes.append(contentsOf: names)
    let digest = CRC32C.of(bytes.span.extracting((checksum + 4)...))
    for byte in 0..<4 {
      bytes[checksum + byte] = UInt8(truncatingIfNeeded: digest >> UInt32(8 * byte))
    }
    return bytes
  }

  private func name(
    _ line: Line, _ text: borrowing Descriptor
  ) throws(SystemCallError) -> [UInt8] {
    var name = [UInt8](repeating: 0, count: Int(line.key.nameByteCount))
    var span = name.mutableSpan
    _ = try text.read(at: line.nameOffset, into: &span)
    return name
  }
}
