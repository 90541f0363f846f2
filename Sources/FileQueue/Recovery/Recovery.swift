import Kernel
import SystemPackage

/// Makes a queue that nobody has open ready for use: cuts a torn tail, rebuilds what is derived.
struct Recovery {
  private let directory: QueueDirectory
  private let epochs: Epochs
  private(set) var report = RecoveryReport()
  private let losses: KnownLosses

  init(_ directory: QueueDirectory, epochs: Epochs) throws(QueueError) {
    self.directory = directory
    self.epochs = epochs
    losses = try KnownLosses(directory)
  }

  /// Finds the appended end; everything up to it is on disk afterwards.
  ///
  /// - Parameter memory: what the processes before have left word of; nil where nothing is to be
  ///   believed.
  /// - Throws: `badEpochFile` where the events are of another queue than the file `epoch`.
  mutating func run(_ memory: Tail.Memory?) throws(QueueError) -> Tail.AppendedEnd {
    var end = try findEnd(memory)
    if end.unixMilliseconds == 0 { end.unixMilliseconds = try lastTime() }
    noteRemovedSegments(memory)
    try mendKeys()
    return end
  }

  /// When the last event was published, which the last segment does not tell where it has none; 0 where no
  /// segment has any.
  private func lastTime() throws(QueueError) -> Int64 {
    for segment in try directory.segments().reversed() {
      let found = try mapping { () throws(SystemCallError) in try scan(segment) }
      if found.recordCount > 0 { return found.unixMilliseconds }
    }
    return 0
  }

  private mutating func findEnd(_ memory: Tail.Memory?) throws(QueueError) -> Tail.AppendedEnd {
    let acknowledgedNext = memory?.durableNext
    var segments = try directory.segments()
    try directory.refuseOtherEvents(epochs)
    try removeOrphans(segments)
    _ = try removeBegun(&segments)
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      try mapping { () throws(SystemCallError) in
        try mendIndex(of: segment, next: follower.first)
      }
    }
    let end = try mapping { () throws(SystemCallError) in
      guard let last = segments.last else {
        return try begin(SegmentName(first: max(1, acknowledgedNext ?? 1)), unixMilliseconds: 0)
      }
      return try recoverLast(last, acknowledgedNext: acknowledgedNext ?? 0)
    }
    guard report.tornByteCount > 0, try removeBegun(&segments), let last = segments.last else {
      return end
    }
    // What was torn was all that the last segment had.
    return try mapping { () throws(SystemCallError) in
      try recoverLast(last, acknowledgedNext: acknowledgedNext ?? 0)
    }
  }

  // MARK: - Whole files

  private mutating func removeOrphans(_ segments: [SegmentName]) throws(QueueError) {
    let known = Set(segments)
    for name in try directory.names() {
      guard let segment = SegmentName(derivedFile: name), !known.contains(segment) else { continue }
      try mapping { () throws(SystemCallError) in
        try FileSystem.unlink(directory.path.appending(name))
      }
    }
  }

  /// Removes an empty last segment that does not follow the one before; returns whether there was any.
  ///
  /// Its appender died before anything went into it, and the one before went on.
  private func removeBegun(_ segments: inout [SegmentName]) throws(QueueError) -> Bool {
    let count = segments.count
    while let last = segments.last, segments.count > 1 {
      let before = segments[segments.count - 2]
      let isLeftOver = try mapping { () throws(SystemCallError) in
        guard try Descriptor.open(directory.textPath(last), .readOnly).status().byteCount == 0
        else { return false }
        return try scan(before).next > last.first
      }
      guard isLeftOver else { break }
      try mapping { () throws(SystemCallError) in try directory.remove(last) }
      segments.removeLast()
    }
    return segments.count < count
  }

  // MARK: - Indexes

  /// A sealed segment's index of the right length is believed; readers check each entry's target.
  private mutating func mendIndex(
    of segment: SegmentName, next: UInt64
  ) throws(SystemCallError) {
    let wanted = IndexEntry.byteCount(of: segment, upTo: next)
    do {
      let index = try Descriptor.open(directory.indexPath(segment), .readOnly)
      if try index.status().byteCount == wanted { return }
    } catch {
      guard error.errno == .noSuchFileOrDirectory else { throw error }
    }
    let scan = try SegmentIndex.rebuild(segment, in: directory, epochs: epochs).scan
    // What is missing at the segment's end has entries too, of zeros.
    try Descriptor.open(directory.indexPath(segment), .readWrite).truncate(to: wanted)
    report.findings.append("rebuilt \(segment.indexFile) from \(scan.recordCount) events")
    note(scan.damages, in: segment)
  }

  private func scan(_ segment: SegmentName) throws(SystemCallError) -> SegmentScan {
    var scanner = SegmentScanner(epoch: epochs.epoch(of: segment))
    let text = try Descriptor.open(directory.textPath(segment), .readOnly)
    return try scanner.scan(text, of: segment) { _, _, _ in }
  }

  // MARK: - Keys

  /// Those of the last segment are made anew with its index, because nobody puts them on disk before it is
  /// sealed; those of a sealed one are believed if they end with the seal.
  private mutating func mendKeys() throws(QueueError) {
    let segments = try directory.segments()
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      try mapping { () throws(SystemCallError) in
        if try KeyFile.isSealed(segment, next: follower.first, in: directory) { return }
        let count: UInt64
        do throws(SystemCallError) {
          count = try KeyFile.rebuild(
            segment, next: follower.first, in: directory, epochs: epochs)
        } catch {
          // The upkeep makes it when there is space again.
          if error.isNoSpace { return }
          throw error
        }
        if count > 0 {
          report.findings.append("rebuilt \(segment.keysFile), which has \(count) keys")
        }
      }
    }
    guard let oldest = segments.first else { return }
    // Those of older segments are of events that retention has removed.
    for segment in try directory.keyedSegments()
    where segment > oldest && !segments.contains(segment) {
      try mapping { () throws(SystemCallError) in
        try FileSystem.unlink(directory.keysPath(segment))
      }
    }
  }

  // MARK: - The last segment

  private mutating func recoverLast(
    _ segment: SegmentName, acknowledgedNext: UInt64
  ) throws(SystemCallError) -> Tail.AppendedEnd {
    let scan = try SegmentIndex.rebuild(segment, in: directory, epochs: epochs).scan
    note(scan.damages, in: segment)
    let text = try Descriptor.open(directory.textPath(segment), .readWrite)
    if acknowledgedNext > scan.next {
      try text.synchronizeData()
      return try beginBehindLoss(segment, scan, acknowledgedNext: acknowledgedNext)
    }
    if scan.tornByteCount > 0 { try cutTornTail(of: segment, text, scan) }
    try text.synchronizeData()
    // The appender that made the segment may have died before it put the name on disk.
    try directory.synchronize()
    return Tail.AppendedEnd(
      next: scan.next, segment: segment, offset: scan.end, unixMilliseconds: scan.unixMilliseconds)
  }

  /// Events at the end that were acknowledged are gone: their bytes stay as they are, and their
  /// numbers are not used again, so that a subscriber who has seen them is told of a gap and not
  /// given other events for the same.
  private mutating func beginBehindLoss(
    _ segment: SegmentName, _ scan: SegmentScan, acknowledgedNext: UInt64
  ) throws(SystemCallError) -> Tail.AppendedEnd {
    note(
      [
        SegmentScan.Damage(
          offset: scan.end, byteCount: scan.tornByteCount, missing: scan.next..<acknowledgedNext,
          reason: scan.tornByteCount == 0 ? "it ends too early" : scan.tornReason)
      ], in: segment)
    let wanted = IndexEntry.byteCount(of: segment, upTo: acknowledgedNext)
    try Descriptor.open(directory.indexPath(segment), .readWrite).truncate(to: wanted)
    return try begin(
      SegmentName(first: acknowledgedNext), unixMilliseconds: scan.unixMilliseconds)
  }

  private func begin(
    _ segment: SegmentName, unixMilliseconds: Int64
  ) throws(SystemCallError) -> Tail.AppendedEnd {
    // Whoever made `epoch` may have died before its name was on disk; no segment may be there
    // without it.
    try directory.synchronize()
    _ = try OpenSegment(segment, in: directory, creating: true)
    return Tail.AppendedEnd(
      next: segment.first, segment: segment, offset: 0, unixMilliseconds: unixMilliseconds)
  }

  /// Keeps a copy of the torn bytes, on disk, before it cuts them.
  private mutating func cutTornTail(
    of segment: SegmentName, _ text: borrowing Descriptor, _ scan: SegmentScan
  ) throws(SystemCallError) {
    var torn = [UInt8](repeating: 0, count: scan.tornByteCount)
    var span = torn.mutableSpan
    _ = try text.read(at: scan.end, into: &span)
    var copy: String
    do {
      copy =
        "a copy is in "
        + (try directory.quarantine(
          torn.span, as: "\(segment.textFile).torn-\(scan.end)"))
    } catch {
      // Nobody was promised these bytes, and a full disk is no reason not to serve the others.
      guard error.errno == .noSpace || error.errno == .diskQuotaExceeded else { throw error }
      copy = "there was no space for a copy"
    }
    try text.truncate(to: scan.end)
    report.tornByteCount += scan.tornByteCount
    report.findings.append(
      "cut \(scan.tornByteCount) bytes of a torn tail at \(segment.textFile) offset \(scan.end) "
        + "(\(scan.tornReason)); \(copy)")
  }

  /// Notes segments that somebody else than retention has removed from the begin.
  private mutating func noteRemovedSegments(_ memory: Tail.Memory?) {
    guard let kept = memory?.oldestKept, let oldest = (try? directory.segments())?.first,
      kept < oldest.first, !losses.covers(kept..<oldest.first)
    else { return }
    report.missingEventCount += Int(oldest.first - kept)
    report.findings.append(
      "the segments with events \(kept) to \(oldest.first - 1) are not there, and retention has not "
        + "removed them: put them back from a backup, or run `weir check --repair`")
  }

  private mutating func note(_ damages: [SegmentScan.Damage], in segment: SegmentName) {
    for damage in damages where damage.byteCount > 0 || !losses.covers(damage.missing) {
      report.missingEventCount += damage.missing.count
      report.findings.append(
        "\(segment.textFile) is damaged at offset \(damage.offset) (\(damage.reason)): "
          + "\(damage.byteCount) bytes, events \(damage.missing.lowerBound) to "
          + "\(damage.missing.upperBound - 1) are lost; the bytes were left as they are, "
          + "`weir check --repair` puts them into quarantine")
    }
  }
}
