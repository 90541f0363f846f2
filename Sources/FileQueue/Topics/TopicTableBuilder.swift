import Kernel
import SystemPackage

/// Makes the ``TopicTable`` of a sealed segment from its text.
struct TopicTableBuilder {
  private struct Posting {
    let topicHash: UInt64
    /// Tells topics with the same hash apart.
    let topicChecksum: UInt32
    let number: UInt32
    let nameByteCount: Int
    let nameOffset: Int

    func isOfSameTopic(as other: Posting) -> Bool {
      topicHash == other.topicHash && topicChecksum == other.topicChecksum
        && nameByteCount == other.nameByteCount
    }
  }

  private var postings: [Posting] = []
  private var eventCount: UInt32 = 0

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
    var index: [UInt8] = []
    var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
    let scan = try scanner.scan(text, of: segment) { layout, record, base in
      IndexEntry(layout, at: base + layout.start, record).append(to: &index)
      let number = UInt32(layout.sequence - segment.first)
      builder.eventCount += 1
      builder.add(number, topic: layout.topic, record, base)
      layout.forEachFurtherTopic(in: record) { builder.add(number, topic: $0, record, base) }
    }
    guard scan.damages.isEmpty, scan.tornByteCount == 0, scan.next == next else { return nil }
    return try builder.render(text, indexChecksum: CRC32C.of(index.span))
  }

  private mutating func add(
    _ number: UInt32, topic place: Range<Int>, _ record: Span<UInt8>, _ base: Int
  ) {
    let topic = record.extracting(place)
    postings.append(
      Posting(
        topicHash: Topic.hash64(topic), topicChecksum: CRC32C.of(topic), number: number,
        nameByteCount: place.count, nameOffset: base + place.lowerBound))
  }

  private mutating func render(
    _ text: borrowing Descriptor, indexChecksum: UInt32
  ) throws(SystemCallError) -> [UInt8] {
    postings.sort { one, other in
      (one.topicHash, one.topicChecksum, one.nameByteCount, one.number)
        < (other.topicHash, other.topicChecksum, other.nameByteCount, other.number)
    }
    var lines: [UInt8] = []
    var numbers: [UInt8] = []
    var names: [UInt8] = []
    var lineCount: UInt32 = 0
    var start = 0
    while start < postings.count {
      let first = postings[start]
      var end = start
      while end < postings.count, postings[end].isOfSameTopic(as: first) { end += 1 }
      lines.append(littleEndian: first.topicHash)
      lines.append(littleEndian: UInt32(start))
      lines.append(littleEndian: UInt32(end - start))
      lines.append(littleEndian: UInt32(names.count))
      lines.append(littleEndian: UInt32(first.nameByteCount))
      for posting in postings[start..<end] { numbers.append(littleEndian: posting.number) }
      names.append(contentsOf: try name(first, text))
      lineCount += 1
      start = end
    }
    var rest: [UInt8] = []
    rest.append(littleEndian: indexChecksum)
    rest.append(littleEndian: eventCount)
    rest.append(contentsOf: repeatElement(0, count: TopicTable.headerByteCount - 28))
    rest.append(contentsOf: lines)
    rest.append(contentsOf: numbers)
    rest.append(contentsOf: names)
    var bytes = TopicTable.magic
    bytes.append(littleEndian: lineCount)
    bytes.append(littleEndian: UInt32(postings.count))
    bytes.append(littleEndian: CRC32C.of(rest.span))
    bytes.append(contentsOf: rest)
    return bytes
  }

  private func name(
    _ posting: Posting, _ text: borrowing Descriptor
  ) throws(SystemCallError) -> [UInt8] {
    var name = [UInt8](repeating: 0, count: posting.nameByteCount)
    var span = name.mutableSpan
    _ = try text.read(at: posting.nameOffset, into: &span)
    return name
  }
}
