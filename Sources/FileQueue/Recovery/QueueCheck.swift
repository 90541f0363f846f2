import Kernel
public import SystemPackage

/// Verifies a queue's files without changing them; any number of processes may use the queue
/// meanwhile.
public struct QueueCheck {
  /// An append is over after this time, unless its disk is in trouble.
  private static let appendPatience: Duration = .milliseconds(200)

  private let directory: QueueDirectory
  private let epochs: Epochs

  /// A check of the queue at `path`.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(_ path: FilePath) throws(QueueError) {
    directory = QueueDirectory(path: path)
    epochs = try directory.existingEpochs()
  }

  /// Bytes of the segments' texts, for whoever wants to know how long it takes.
  public func byteCount() throws(QueueError) -> Int {
    var byteCount = 0
    for segment in try directory.segments() {
      byteCount += (try? FileStatus(of: directory.textPath(segment)).byteCount) ?? 0
    }
    return byteCount
  }

  /// Reads everything and reports, segment by segment.
  ///
  /// - Throws: `badEpochFile` where the events are of another queue than the file `epoch`; `system`.
  public func run(_ report: (QueueFinding) -> Void) throws(QueueError) {
    try directory.refuseOtherEvents(epochs)
    // Read before the text: what is acknowledged meanwhile is in the text by then.
    let memory = try memory()
    let segments = try directory.segments()
    let losses = try KnownLosses(directory)
    let begin = segments.first?.first ?? memory?.durableNext ?? 1
    // Retention notes what it keeps before it removes the rest, so here it is the other way round.
    if let kept = try self.memory()?.oldestKept, kept < begin {
      report(losses.covers(kept..<begin) ? .knownLoss(kept..<begin) : .missingBegin(kept..<begin))
    }
    var eventCount = 0
    var byteCount = 0
    var next: UInt64?
    for segment in segments {
      if let next, next < segment.first {
        let missing = next..<segment.first
        report(losses.covers(missing) ? .knownLoss(missing) : .missingSegment(missing))
      }
      if let next, next > segment.first { report(.overlap(segment.textFile, before: next)) }
      guard
        let scan = try check(segment, isLast: segment == segments.last, losses, report)
      else {
        next = nil
        continue
      }
      eventCount += scan.recordCount
      byteCount += scan.end
      next = scan.next
    }
    if let memory, !segments.isEmpty, let end = next, end < memory.durableNext {
      let missing = end..<memory.durableNext
      report(losses.covers(missing) ? .knownLoss(missing) : .missingEnd(missing))
    }
    try checkTopicLog(report)
    for finding in try DelayedFile.check(directory) { report(finding) }
    for finding in try GroupFolder(directory: directory).check() { report(finding) }
    for name in try directory.quarantined() { report(.quarantined(name)) }
    report(
      .total(
        epochs: epochs, segmentCount: segments.count, eventCount: eventCount, byteCount: byteCount,
        oldest: segments.first?.first ?? 1, next: next ?? 1))
  }

  private func memory() throws(QueueError) -> Tail.Memory? {
    try mapping { () throws(SystemCallError) in
      try Tail.memory(at: directory.tailPath, epochs: epochs)
    }
  }

  /// Nil where retention has removed the segment meanwhile.
  private func check(
    _ segment: SegmentName, isLast: Bool, _ losses: KnownLosses, _ report: (QueueFinding) -> Void
  ) throws(QueueError) -> SegmentScan? {
    let contents: SegmentIndex.Contents
    do {
      contents = try SegmentIndex.contents(of: segment, in: directory, epochs: epochs)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
    let scan = contents.scan
    report(
      .segment(
        segment.textFile, eventCount: scan.recordCount, first: segment.first, next: scan.next,
        byteCount: scan.end))
    for damage in scan.damages {
      report(
        damage.byteCount == 0 && losses.covers(damage.missing)
          ? .knownLoss(damage.missing)
          : .damage(
            segment.textFile, offset: damage.offset, byteCount: damage.byteCount,
            missing: damage.missing, reason: damage.reason))
    }
    if scan.tornByteCount > 0 { report(tail(scan, of: segment, isLast: isLast)) }
    if let finding = try checkIndex(of: segment, contents.index) { report(finding) }
    if let finding = try checkTopics(of: segment, next: scan.next) { report(finding) }
    if let finding = try checkKeys(of: segment, contents) { report(finding) }
    return scan
  }

  private func tail(
    _ scan: SegmentScan, of segment: SegmentName, isLast: Bool
  ) -> QueueFinding {
    isLast
      ? .tornTail(
        segment.textFile, offset: scan.end, byteCount: scan.tornByteCount,
        reason: scan.tornReason)
      : .damage(
        segment.textFile, offset: scan.end, byteCount: scan.tornByteCount,
        missing: scan.next..<scan.next, reason: scan.tornReason)
  }

  private func checkIndex(
    of segment: SegmentName, _ right: [UInt8]
  ) throws(QueueError) -> QueueFinding? {
    var found = try index(of: segment, byteCount: right.count)
    if found != right {
      // An appender writes the text first: what it has just written gets its entries in a moment.
      Clock.pause(Self.appendPatience)
      found = try index(of: segment, byteCount: right.count)
    }
    if found == right { return nil }
    // Retention has removed the segment since its text was read.
    if try directory.identity(of: directory.textPath(segment)) == nil { return nil }
    let wrong = stride(from: 0, to: right.count, by: IndexEntry.byteCount).filter {
      IndexEntry(found.span, at: $0) != IndexEntry(right.span, at: $0)
    }
    return .wrongIndex(
      segment.indexFile, entryCount: wrong.count,
      firstSequence: segment.first + UInt64((wrong.first ?? 0) / IndexEntry.byteCount))
  }

  private func index(of segment: SegmentName, byteCount: Int) throws(QueueError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    do {
      let file = try Descriptor.open(directory.indexPath(segment), .readOnly)
      var span = bytes.mutableSpan
      _ = try file.read(at: 0, into: &span)
    } catch {
      if error.errno != .noSuchFileOrDirectory { throw .system(error) }
    }
    return bytes
  }

  /// The table that is there has to be the one that the text makes.
  private func checkTopics(
    of segment: SegmentName, next: UInt64
  ) throws(QueueError) -> QueueFinding? {
    do {
      guard let found = try TopicTableBuilder.existing(segment, in: directory) else { return nil }
      // An earlier version's is made anew by the upkeep, and nobody believes it until then.
      if found.starts(with: TopicTable.earlierMagic) { return nil }
      let right = try TopicTableBuilder.table(segment, next: next, in: directory, epochs: epochs)
      return found == right ? nil : .wrongTopics(segment.topicsFile)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .system(error)
    }
  }

  private func checkKeys(
    of segment: SegmentName, _ contents: SegmentIndex.Contents
  ) throws(QueueError) -> QueueFinding? {
    if try keys(of: segment, upTo: contents.scan.next) == contents.keys { return nil }
    // The text is written first.
    Clock.pause(Self.appendPatience)
    return try keys(of: segment, upTo: contents.scan.next) == contents.keys
      ? nil : .wrongKeys(segment.keysFile)
  }

  private func keys(of segment: SegmentName, upTo next: UInt64) throws(QueueError) -> [UInt8] {
    try mapping { () throws(SystemCallError) in
      var keys: [UInt8] = []
      var place = KeyFile.Place()
      try KeyFile(reading: segment, in: directory)?.read(from: &place, upTo: next) {
        entry, _, key in
        entry.append(key: key.indices.map { key[$0] }, to: &keys)
      }
      return keys
    }
  }

  /// The lines of the file `topics`; an appender may be writing the last one.
  private func checkTopicLog(_ report: (QueueFinding) -> Void) throws(QueueError) {
    let reason = "no line that weir has written"
    let log = try mapping { () throws(SystemCallError) in
      try TopicLogFile(in: directory, isWritable: false)
    }
    guard let log else {
      if try directory.names().contains(where: { $0.hasSameBytes(as: TopicLog.name) }) {
        report(.damage(TopicLog.name, offset: 0, byteCount: 0, missing: 0..<0, reason: reason))
      }
      return
    }
    try mapping { () throws(SystemCallError) in
      let ending = try log.read(from: log.headerByteCount) { offset, byteCount in
        report(
          .damage(
            TopicLog.name, offset: offset, byteCount: byteCount, missing: 0..<0, reason: reason))
        return true
      } _: { _, _ in
      }
      if case .broken(let offset) = ending {
        let byteCount = try log.file.status().byteCount - offset
        report(.tornTail(TopicLog.name, offset: offset, byteCount: byteCount, reason: reason))
      }
    }
  }
}
