import Kernel
public import SystemPackage

/// Verifies a queue's files without changing them; any number of processes may use the queue
/// meanwhile.
public struct QueueCheck {
  /// What was found about one segment, or about the whole queue.
  public enum Finding: CustomStringConvertible, Sendable {
    /// A segment and what is in it.
    case segment(String, eventCount: Int, first: UInt64, next: UInt64, byteCount: Int)
    /// Bytes in the middle of a segment that are no event.
    case damage(String, offset: Int, byteCount: Int, missing: Range<UInt64>, reason: String)
    /// Bytes at the end of the last segment that are not an event yet, or never were.
    case tornTail(String, offset: Int, byteCount: Int, reason: String)
    /// An index entry that does not say what the text says.
    case wrongIndex(String, entryCount: Int, firstSequence: UInt64)
    /// Sequences between two segments that are in none.
    case missingSegment(Range<UInt64>)
    /// All of it.
    case total(epoch: UInt32, segmentCount: Int, eventCount: Int, byteCount: Int)

    /// Whether events are lost or a derived file is wrong; a torn tail is mended when the queue is
    /// opened next.
    public var isDamage: Bool {
      switch self {
      case .segment, .total, .tornTail: false
      case .damage, .wrongIndex, .missingSegment: true
      }
    }

    /// A line for people.
    public var description: String {
      switch self {
      case .segment(let name, let count, let first, let next, let bytes):
        count == 0
          ? "\(name): no events yet"
          : "\(name): \(count) events, \(first) to \(next - 1), \(bytes) bytes"
      case .damage(let name, let offset, let bytes, let missing, let reason):
        "\(name): DAMAGED at offset \(offset) (\(reason)): \(bytes) bytes, events "
          + "\(missing.lowerBound) to \(missing.upperBound - 1) are lost"
      case .tornTail(let name, let offset, let bytes, let reason):
        "\(name): \(bytes) bytes behind the last event, at offset \(offset) (\(reason)): an append "
          + "under way, or a torn one that the next start cuts off"
      case .wrongIndex(let name, let count, let sequence):
        "\(name): \(count) entries are WRONG, the first is that of event \(sequence): stop weir and "
          + "delete the file, it is rebuilt"
      case .missingSegment(let range):
        "events \(range.lowerBound) to \(range.upperBound - 1): MISSING, no segment has them"
      case .total(let epoch, let segments, let events, let bytes):
        "queue \(String(decoding: EventID.hexadecimal(epoch), as: UTF8.self)): "
          + "\(segments) segments, \(events) events, \(bytes) bytes"
      }
    }
  }

  private let directory: QueueDirectory
  private let epoch: UInt32

  /// A check of the queue at `path`.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(_ path: FilePath) throws(QueueError) {
    directory = QueueDirectory(path: path)
    guard let epoch = try directory.readEpoch() else { throw .noQueue(path: path.string) }
    self.epoch = epoch
  }

  /// Reads everything and reports, segment by segment.
  public func run(_ report: (Finding) -> Void) throws(QueueError) {
    let segments = try directory.segments()
    var eventCount = 0
    var byteCount = 0
    var expected: UInt64?
    for segment in segments {
      if let expected, expected < segment.first {
        report(.missingSegment(expected..<segment.first))
      }
      let scan = try check(segment, isLast: segment == segments.last, report)
      eventCount += scan.recordCount
      byteCount += scan.end
      expected = scan.next
    }
    report(
      .total(
        epoch: epoch, segmentCount: segments.count, eventCount: eventCount, byteCount: byteCount))
  }

  private func check(
    _ segment: SegmentName, isLast: Bool, _ report: (Finding) -> Void
  ) throws(QueueError) -> SegmentScan {
    var entries: [(sequence: UInt64, entry: IndexEntry)] = []
    var chain = TopicChain(segment: segment)
    let scan = try mapping { () throws(SystemCallError) in
      let text = try Descriptor.open(directory.textPath(segment), .readOnly)
      var scanner = SegmentScanner(epoch: epoch)
      return try scanner.scan(text, of: segment) { layout, topicHash in
        let distance = chain.extend(topicHash: topicHash, sequence: layout.sequence)
        entries.append(
          (
            layout.sequence,
            IndexEntry(
              offset: UInt32(layout.start), length: UInt32(layout.byteCount),
              topicHash: topicHash, unixMilliseconds: UInt64(layout.unixMilliseconds),
              previousDistance: distance, flags: 0)
          ))
      }
    }
    report(
      .segment(
        segment.textFile, eventCount: scan.recordCount, first: segment.first, next: scan.next,
        byteCount: scan.end))
    for damage in scan.damages {
      report(
        .damage(
          segment.textFile, offset: damage.offset, byteCount: damage.byteCount,
          missing: damage.missing, reason: damage.reason))
    }
    if scan.tornByteCount > 0 {
      report(tail(scan, of: segment, isLast: isLast))
    }
    try checkIndex(of: segment, entries, report)
    return scan
  }

  private func tail(
    _ scan: SegmentScan, of segment: SegmentName, isLast: Bool
  ) -> Finding {
    isLast
      ? .tornTail(
        segment.textFile, offset: scan.end, byteCount: scan.tornByteCount,
        reason: scan.tornReason)
      : .damage(
        segment.textFile, offset: scan.end, byteCount: scan.tornByteCount,
        missing: scan.next..<(scan.next + 1), reason: scan.tornReason)
  }

  private func checkIndex(
    of segment: SegmentName, _ entries: [(sequence: UInt64, entry: IndexEntry)],
    _ report: (Finding) -> Void
  ) throws(QueueError) {
    guard let last = entries.last else { return }
    let count = Int(last.sequence - segment.first + 1)
    var bytes = [UInt8](repeating: 0, count: count * IndexEntry.byteCount)
    try mapping { () throws(SystemCallError) in
      let file = try Descriptor.open(directory.indexPath(segment), .readOnly)
      var span = bytes.mutableSpan
      _ = try file.read(at: 0, into: &span)
    }
    let wrong = entries.filter { line in
      let offset = Int(line.sequence - segment.first) * IndexEntry.byteCount
      return IndexEntry(bytes.span, at: offset) != line.entry
    }
    guard let first = wrong.first else { return }
    report(
      .wrongIndex(
        segment.indexFile, entryCount: wrong.count, firstSequence: first.sequence))
  }
}
