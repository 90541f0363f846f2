import Kernel
import SystemPackage

/// Makes a queue that nobody has open ready for use: cuts a torn tail, rebuilds what is derived.
struct Recovery {
  private let directory: QueueDirectory
  private let epoch: UInt32
  private var report = RecoveryReport()

  init(_ directory: QueueDirectory, epoch: UInt32) {
    self.directory = directory
    self.epoch = epoch
  }

  /// Finds the appended end; everything up to it is on disk afterwards.
  mutating func run() throws(QueueError) -> (end: Tail.AppendedEnd, report: RecoveryReport) {
    let segments = try directory.segments()
    guard let last = segments.last else {
      let end = Tail.AppendedEnd(
        next: 1, segment: SegmentName(first: 1), offset: 0, unixMilliseconds: 0)
      try mapping { () throws(SystemCallError) in
        _ = try Descriptor.open(directory.textPath(end.segment), .createIfMissing)
        _ = try Descriptor.open(directory.indexPath(end.segment), .createIfMissing)
        try directory.synchronize()
      }
      return (end, report)
    }
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      try mapping { () throws(SystemCallError) in
        try mendIndex(of: segment, eventCount: Int(follower.first - segment.first))
      }
    }
    let end = try mapping { () throws(SystemCallError) in try recoverLast(last) }
    return (end, report)
  }

  /// A sealed segment's index of the right length is believed; readers check each entry's target.
  private mutating func mendIndex(
    of segment: SegmentName, eventCount: Int
  ) throws(SystemCallError) {
    let index = try Descriptor.open(directory.indexPath(segment), .createIfMissing)
    let wanted = eventCount * IndexEntry.byteCount
    guard try index.status().byteCount != wanted else { return }
    let scan = try rebuildIndex(of: segment, index)
    report.findings.append("rebuilt \(segment.indexFile) from \(scan.recordCount) events")
    note(scan.damages, in: segment)
  }

  private mutating func recoverLast(
    _ segment: SegmentName
  ) throws(SystemCallError) -> Tail.AppendedEnd {
    let index = try Descriptor.open(directory.indexPath(segment), .createIfMissing)
    let scan = try rebuildIndex(of: segment, index)
    note(scan.damages, in: segment)
    let text = try Descriptor.open(directory.textPath(segment), .readWrite)
    if scan.tornByteCount > 0 { try cutTornTail(of: segment, text, scan) }
    try text.synchronizeData()
    return Tail.AppendedEnd(
      next: scan.next, segment: segment, offset: scan.end, unixMilliseconds: scan.unixMilliseconds)
  }

  /// Keeps a copy of the torn bytes beside the segment, on disk, before it cuts them.
  private mutating func cutTornTail(
    of segment: SegmentName, _ text: borrowing Descriptor, _ scan: SegmentScan
  ) throws(SystemCallError) {
    let name = "\(segment.textFile).torn-\(scan.end)"
    var torn = [UInt8](repeating: 0, count: scan.tornByteCount)
    var span = torn.mutableSpan
    _ = try text.read(at: scan.end, into: &span)
    let copy = try Descriptor.open(directory.path.appending(name), .createIfMissing)
    try copy.truncate(to: 0)
    var done = 0
    while done < torn.count {
      done += try copy.write(torn.span.extracting(done...), at: done)
    }
    try copy.synchronize()
    try directory.synchronize()
    try text.truncate(to: scan.end)
    report.tornByteCount += scan.tornByteCount
    report.findings.append(
      "cut \(scan.tornByteCount) bytes of a torn tail at \(segment.textFile) offset \(scan.end) "
        + "(\(scan.tornReason)); a copy is in \(name)")
  }

  private func rebuildIndex(
    of segment: SegmentName, _ index: borrowing Descriptor
  ) throws(SystemCallError) -> SegmentScan {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var entries: [UInt8] = []
    var chain = TopicChain(segment: segment)
    var scanner = SegmentScanner(epoch: epoch)
    let scan = try scanner.scan(text, of: segment) { layout, topicHash in
      while segment.first + UInt64(entries.count / IndexEntry.byteCount) < layout.sequence {
        IndexEntry.empty.append(to: &entries)
      }
      let distance = chain.extend(topicHash: topicHash, sequence: layout.sequence)
      IndexEntry(
        offset: UInt32(layout.start), length: UInt32(layout.byteCount), topicHash: topicHash,
        unixMilliseconds: UInt64(layout.unixMilliseconds), previousDistance: distance, flags: 0
      ).append(to: &entries)
    }
    try index.truncate(to: 0)
    var done = 0
    while done < entries.count {
      done += try index.write(entries.span.extracting(done...), at: done)
    }
    return scan
  }

  private mutating func note(_ damages: [SegmentScan.Damage], in segment: SegmentName) {
    for damage in damages {
      report.missingEventCount += damage.missing.count
      report.findings.append(
        "\(segment.textFile) is damaged at offset \(damage.offset) (\(damage.reason)): "
          + "\(damage.byteCount) bytes, events \(damage.missing.lowerBound) to "
          + "\(damage.missing.upperBound - 1) are lost; the bytes were left as they are")
    }
  }
}
