import Kernel
import SystemPackage

/// What reading a whole segment showed: how far it is good, and where it is not.
struct SegmentScan: Sendable {
  /// Bytes in the middle of a segment that are no record, with good records behind them.
  struct Damage: Hashable, Sendable {
    let offset: Int
    let byteCount: Int
    /// Sequences that are not there.
    let missing: Range<UInt64>
    let reason: String
  }

  /// Whole records.
  var recordCount = 0
  /// The sequence behind the last whole record.
  var next: UInt64
  /// The offset behind the last whole record.
  var end = 0
  var damages: [Damage] = []
  /// Bytes behind the last whole record: the torn tail.
  var tornByteCount = 0
  var tornReason = ""
  /// The publish time of the last record.
  var unixMilliseconds: Int64 = 0
}

/// Reads a segment's text from its start to its end and checks every record.
struct SegmentScanner {
  private let epochDigits: HexadecimalDigits
  private var bytes: [UInt8] = []
  private var base = 0
  private let chunkByteCount = 4 << 20

  init(epoch: UInt32) {
    epochDigits = HexadecimalDigits(epoch)
  }

  /// Scans `file`.
  ///
  /// - Parameter visit: gets each whole record, the bytes in which its places lie, and where in the
  ///   file these begin.
  mutating func scan(
    _ file: borrowing Descriptor, of segment: SegmentName,
    visit: (RecordLayout, Span<UInt8>, _ base: Int) -> Void
  ) throws(SystemCallError) -> SegmentScan {
    let fileByteCount = try file.status().byteCount
    var scan = SegmentScan(next: segment.first)
    bytes = []
    base = 0
    while scan.end < fileByteCount {
      let outcome = try parse(file, at: scan.end, fileByteCount: fileByteCount)
      if case .record(let layout) = outcome, isSound(layout, expected: scan.next) {
        accept(layout, into: &scan, visit: visit)
        continue
      }
      let reason = describe(outcome)
      try loadRest(file, from: scan.end, fileByteCount: fileByteCount)
      let found = RecordParser.search(
        bytes.span, from: scan.end - base, expected: scan.next, below: segment.limit,
        epochDigits: epochDigits)
      guard let found else {
        scan.tornByteCount = fileByteCount - scan.end
        scan.tornReason = reason
        break
      }
      scan.damages.append(
        SegmentScan.Damage(
          offset: scan.end, byteCount: base + found.start - scan.end,
          missing: scan.next..<found.sequence, reason: reason))
      scan.next = found.sequence
      accept(found, into: &scan, visit: visit)
    }
    return scan
  }

  private func accept(
    _ layout: RecordLayout, into scan: inout SegmentScan,
    visit: (RecordLayout, Span<UInt8>, Int) -> Void
  ) {
    visit(layout, bytes.span, base)
    scan.recordCount += 1
    scan.next = layout.sequence + 1
    scan.end = base + layout.body.upperBound
    scan.unixMilliseconds = layout.unixMilliseconds
  }

  /// Whether a record with a right checksum is also the one that belongs here: its number, and the
  /// id line at its end.
  private func isSound(_ layout: RecordLayout, expected: UInt64) -> Bool {
    layout.sequence == expected
      && RecordParser.endsWithItsID(layout, bytes.span, epochDigits: epochDigits)
  }

  private func describe(_ outcome: ParsedRecord) -> String {
    switch outcome {
    case .record(let layout): "sequence \(layout.sequence) or its id line does not belong here"
    case .cutOff: "the record is cut off"
    case .damaged(let reason): reason
    }
  }

  private mutating func parse(
    _ file: borrowing Descriptor, at offset: Int, fileByteCount: Int
  ) throws(SystemCallError) -> ParsedRecord {
    var outcome = RecordParser.parse(bytes.span, at: min(offset - base, bytes.count))
    while case .cutOff(let needed) = outcome, base + bytes.count < fileByteCount {
      try load(
        file, from: offset,
        byteCount: min(fileByteCount - offset, max(needed, chunkByteCount)))
      outcome = RecordParser.parse(bytes.span, at: 0)
    }
    return outcome
  }

  private mutating func loadRest(
    _ file: borrowing Descriptor, from offset: Int, fileByteCount: Int
  ) throws(SystemCallError) {
    try load(file, from: offset, byteCount: fileByteCount - offset)
  }

  private mutating func load(
    _ file: borrowing Descriptor, from offset: Int, byteCount: Int
  ) throws(SystemCallError) {
    bytes = [UInt8](repeating: 0, count: byteCount)
    base = offset
    var span = bytes.mutableSpan
    let count = try file.read(at: offset, into: &span)
    bytes.removeLast(byteCount - count)
  }
}
