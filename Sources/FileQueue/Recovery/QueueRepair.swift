import Kernel
public import SystemPackage

/// Mends a queue that nobody has open: what is derived is made anew, damaged bytes go into
/// quarantine.
///
/// Afterwards every file is sound; lost events stay lost, and subscribers who ask for them are told
/// of the gap.
public struct QueueRepair {
  private let directory: QueueDirectory
  private let epochs: Epochs
  private var mended: [String] = []

  /// Repairs the queue at `path`; returns what was mended, in words.
  ///
  /// - Throws: `inUse` while another process has the queue open; `noQueue`, `notAQueue`,
  ///   `unknownFormat`, `system`.
  public static func run(_ path: FilePath) throws(QueueError) -> [String] {
    // Opening recovers: it cuts a torn tail and says which events at the end are lost.
    let recovery = try Queue(at: path, creating: false).recovery
    let directory = QueueDirectory(path: path)
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try directory.open(directory.lockPath, .createIfMissing))
    }
    // Whoever opens the queue waits for this lock.
    try lock.hold(at: directory.lockPath)
    let presence = try mapping { () throws(SystemCallError) in
      FileLock(try directory.open(directory.tailPath, .createIfMissing))
    }
    guard try mapping({ () throws(SystemCallError) in try presence.tryLock() }) else {
      throw .inUse(path: path.string)
    }
    var repair = QueueRepair(directory: directory, epochs: try directory.existingEpochs())
    repair.mended = recovery.findings
    try repair.mend()
    if let mended = try DelayedFile.mend(directory) { repair.mended.append(mended) }
    repair.mended += try GroupFolder(directory: directory).mend()
    return repair.mended
  }

  private init(directory: QueueDirectory, epochs: Epochs) {
    self.directory = directory
    self.epochs = epochs
  }

  private mutating func mend() throws(QueueError) {
    let segments = try directory.segments()
    var losses: [Range<UInt64>] = []
    let memory = try mapping { () throws(SystemCallError) in
      try Tail.memory(at: directory.tailPath, epochs: epochs)
    }
    if let kept = memory?.oldestKept, let first = segments.first?.first, kept < first {
      losses.append(kept..<first)
    }
    for (place, segment) in segments.enumerated() {
      let next = place + 1 < segments.count ? segments[place + 1].first : nil
      let lost = try mapping { () throws(SystemCallError) in try mend(segment, next: next) }
      losses.append(contentsOf: lost)
    }
    var known = try KnownLosses(directory)
    losses.removeAll { known.covers($0) }
    if losses.isEmpty { return }
    try mapping { () throws(SystemCallError) in try known.add(losses, in: directory) }
    for lost in losses {
      mended.append("noted that events \(lost.lowerBound) to \(lost.upperBound - 1) are lost")
    }
  }

  /// Mends one segment; returns the events that are lost in it and behind it.
  private mutating func mend(
    _ segment: SegmentName, next: UInt64?
  ) throws(SystemCallError) -> [Range<UInt64>] {
    var (scan, indexWasWrong) = try SegmentIndex.rebuild(segment, in: directory, epochs: epochs)
    if scan.tornByteCount > 0 || scan.damages.contains(where: { $0.byteCount > 0 }) {
      try removeDamage(from: segment, scan)
      scan = try SegmentIndex.rebuild(segment, in: directory, epochs: epochs).scan
    } else if indexWasWrong {
      mended.append("rebuilt \(segment.indexFile) from \(scan.recordCount) events")
    }
    var lost = scan.damages.map(\.missing)
    guard let next else { return lost }
    if scan.next < next { lost.append(scan.next..<next) }
    try Descriptor.open(directory.indexPath(segment), .readWrite)
      .truncate(to: IndexEntry.byteCount(of: segment, upTo: next))
    _ = try TopicTableBuilder.build(segment, next: next, in: directory, epochs: epochs)
    _ = try KeyFile.rebuild(segment, next: next, in: directory, epochs: epochs)
    return lost
  }

  /// Keeps the whole segment in quarantine, then leaves only its records in it.
  private mutating func removeDamage(
    from segment: SegmentName, _ scan: SegmentScan
  ) throws(SystemCallError) {
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    var bytes = [UInt8](repeating: 0, count: try text.status().byteCount)
    var span = bytes.mutableSpan
    _ = try text.read(at: 0, into: &span)
    let copy = try directory.quarantine(bytes.span, as: segment.textFile)
    var whole: [UInt8] = []
    var start = 0
    for damage in scan.damages {
      whole.append(contentsOf: bytes[start..<damage.offset])
      start = damage.offset + damage.byteCount
    }
    whole.append(contentsOf: bytes[start..<scan.end])
    try directory.replace(directory.textPath(segment), with: whole.span)
    mended.append(
      "took \(bytes.count - whole.count) damaged bytes out of \(segment.textFile); all of it as it "
        + "was is in \(copy)")
  }
}
