import Kernel
import SystemPackage

/// Reads events from any cursor up to the durable end; belongs to one thread.
///
/// It serves any number of cursors: they are values, the open files are shared between them.
public struct QueueReader: ~Copyable {
  let queue: Queue
  var files: [SegmentName: SegmentFile] = [:]
  private var uses: UInt64 = 0
  var chunk: [UInt8]
  var matchLists = MatchLists()
  let soundTables = SoundTables()

  /// A reader of `queue`.
  public init(_ queue: Queue) {
    self.queue = queue
    chunk = [UInt8](repeating: 0, count: QueueLimits.chunkByteCount)
  }

  /// The place before the event `sequence`, or the nearest one behind it that is still there.
  ///
  /// - Parameter sequence: at most the durable end.
  public mutating func cursor(at sequence: UInt64) throws(QueueError) -> Cursor {
    let sequence = min(max(sequence, 1), queue.durableNext)
    let segments = try queue.directory.segments()
    guard let segment = segments.last(where: { $0.first <= sequence }) else {
      let oldest = segments.first ?? SegmentName(first: sequence)
      return Cursor(sequence: oldest.first, segment: oldest, offset: 0)
    }
    if sequence == segment.first {
      return Cursor(sequence: sequence, segment: segment, offset: 0)
    }
    let file = try open(segment)
    let entry = try mapping { () throws(SystemCallError) in
      try file.entries(from: sequence - 1, of: segment, count: 1).first
    }
    if let entry,
      try mapping({ () throws(SystemCallError) in
        try loadRecord(sequence - 1, at: entry, file)
      }) != nil
    {
      return Cursor(
        sequence: sequence, segment: segment, offset: Int(entry.offset) + Int(entry.length))
    }
    return try cursorByScan(sequence, segment)
  }

  /// Closes the files that were opened for reading, but for the one that `cursor` is in.
  public mutating func closeSegments(except cursor: Cursor) {
    files = files.filter { $0.key == cursor.segment }
  }

  /// Closes the files that retention has removed meanwhile, but for the one that `cursor` is in: they
  /// take room on disk for as long as they are open.
  public mutating func closeRemovedSegments(except cursor: Cursor) {
    files = files.filter { $0.key == cursor.segment || $0.value.isOnDisk }
  }

  /// Hands out records from `cursor` on and moves it behind them.
  ///
  /// - Parameters:
  ///   - limit: the sequence to stop before; the durable end where that comes first.
  ///   - byteCountMaximum: of records; at least one is handed out if there is one.
  ///   - visit: gets each record and the bytes in which its parts lie, for the time of the call.
  public mutating func read(
    from cursor: inout Cursor, upTo limit: UInt64 = .max, byteCountMaximum: Int,
    _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) throws(QueueError) -> ReadOutcome {
    let end = min(queue.durableNext, limit)
    var byteCount = 0
    // What is not asked for is not copied out of the kernel, unless the first record needs it.
    var isWhole = false
    while cursor.sequence < end {
      guard byteCount < byteCountMaximum else { return .more }
      guard let file = try openIfThere(cursor.segment) else {
        if let gap = try skipMissingSegment(&cursor) { return .gap(gap) }
        continue
      }
      let wanted = byteCountMaximum - byteCount
      let loaded = try mapping { () throws(SystemCallError) in
        try load(
          file, at: cursor.offset,
          byteCountMaximum: isWhole || wanted >= chunk.count
            ? chunk.count : min(chunk.count, wanted + QueueLimits.headByteCountMaximum))
      }
      if loaded == 0 {
        if let gap = try moveToNextSegment(&cursor, end: end) { return .gap(gap) }
        continue
      }
      let parsed = parseChunk(
        loaded, file.epochDigits, from: &cursor, end: end,
        byteCountMaximum: byteCountMaximum - byteCount, visit)
      byteCount += parsed.byteCount
      switch parsed.ending {
      case .record, nil:
        break
      case .cutOff(let needed) where needed > loaded && needed > chunk.count:
        chunk = [UInt8](repeating: 0, count: needed)
      case .cutOff where parsed.byteCount > 0:
        break
      case .cutOff where !isWhole:
        isWhole = true
      case .cutOff, .damaged:
        if let gap = try skipDamage(&cursor, file, end: end) { return .gap(gap) }
      }
    }
    if chunk.count > QueueLimits.chunkByteCount {
      chunk = [UInt8](repeating: 0, count: QueueLimits.chunkByteCount)
    }
    return .caughtUp
  }

  /// When the first event that is whole in a segment was published; nil where there is none.
  mutating func time(ofFirstIn segment: SegmentName) throws(QueueError) -> Int64? {
    var cursor = Cursor(sequence: segment.first, segment: segment, offset: 0)
    return try timeOfNext(&cursor)
  }

  /// When the event before `next` was published; nil where it is not in the segment.
  mutating func time(
    ofEventBefore next: UInt64, in segment: SegmentName
  ) throws(QueueError) -> Int64? {
    guard next > segment.first else { return nil }
    var cursor = try self.cursor(at: next - 1)
    guard cursor.segment == segment else { return nil }
    return try timeOfNext(&cursor)
  }

  private mutating func timeOfNext(_ cursor: inout Cursor) throws(QueueError) -> Int64? {
    var time: Int64?
    _ = try read(from: &cursor, byteCountMaximum: 1) { record, _ in
      time = time ?? record.unixMilliseconds
    }
    return time
  }

  // MARK: - Steps of a read

  private func parseChunk(
    _ loaded: Int, _ epochDigits: HexadecimalDigits, from cursor: inout Cursor, end: UInt64,
    byteCountMaximum: Int,
    _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) -> (byteCount: Int, ending: ParsedRecord?) {
    let bytes = chunk.span.extracting(0..<loaded)
    var start = 0
    while cursor.sequence < end, start < byteCountMaximum, start < loaded {
      guard let layout = RecordParser.whole(bytes, at: start) else {
        return (start, RecordParser.parse(bytes, at: start))
      }
      guard layout.sequence == cursor.sequence,
        RecordParser.endsWithItsID(layout, bytes, epochDigits: epochDigits)
      else { return (start, .damaged(reason: "another event stands here")) }
      visit(layout, bytes)
      start = layout.body.upperBound
      cursor.sequence += 1
      cursor.offset += layout.byteCount
    }
    return (start, nil)
  }

  private mutating func load(
    _ file: SegmentFile, at offset: Int, byteCountMaximum: Int
  ) throws(SystemCallError) -> Int {
    var span = chunk.mutableSpan
    return try file.text.read(at: offset, into: &span, byteCountMaximum: byteCountMaximum)
  }

  /// Goes on where a segment ends: in the one that has the next event by its name, or in the next
  /// that has any.
  private mutating func moveToNextSegment(
    _ cursor: inout Cursor, end: UInt64
  ) throws(QueueError) -> QueueGap? {
    let first = cursor.sequence
    let segments = try queue.directory.segments()
    let named = try self.cursor(at: first)
    if named.segment != cursor.segment {
      // What was opened here may be a segment that an appender had begun and another has forgotten.
      files.removeValue(forKey: cursor.segment)
      cursor = named
    } else if let next = segments.first(where: { $0.first > first }) {
      cursor = Cursor(sequence: next.first, segment: next, offset: 0)
    } else {
      // The last segment ends too early; an appender refuses to go on in it.
      cursor.sequence = end
    }
    return gap(first..<cursor.sequence, oldest: segments.first)
  }

  private mutating func skipMissingSegment(
    _ cursor: inout Cursor
  ) throws(QueueError) -> QueueGap? {
    let first = cursor.sequence
    let named = try self.cursor(at: first)
    guard named.segment != cursor.segment else {
      throw .damaged(
        segment: cursor.segment.textFile, offset: cursor.offset, reason: "it is not there")
    }
    cursor = named
    return gap(first..<cursor.sequence, oldest: try queue.directory.segments().first)
  }

  /// What is missing before all that is there was removed by retention; elsewhere it is damage.
  private func gap(_ missing: Range<UInt64>, oldest: SegmentName?) -> QueueGap? {
    guard !missing.isEmpty else { return nil }
    let isExpired = oldest.map { $0.first >= missing.upperBound } ?? false
    return QueueGap(missing: missing, reason: isExpired ? .expired : .damaged)
  }

  /// Moves over bytes that are no record, to the next event that is whole; nil where no event is
  /// missing for them.
  private mutating func skipDamage(
    _ cursor: inout Cursor, _ file: SegmentFile, end: UInt64
  ) throws(QueueError) -> QueueGap? {
    let first = cursor.sequence
    let byteCount = try mapping { () throws(SystemCallError) in
      try file.text.status().byteCount
    }
    var rest = [UInt8](repeating: 0, count: max(0, byteCount - cursor.offset))
    try mapping { () throws(SystemCallError) in
      var span = rest.mutableSpan
      _ = try file.text.read(at: cursor.offset, into: &span)
    }
    let found = RecordParser.search(
      rest.span, from: 0, expected: first, below: min(queue.durableNext, cursor.segment.limit),
      epochDigits: file.epochDigits)
    guard let found else { return try moveToNextSegment(&cursor, end: end) }
    // What is found behind `end` is whole: only what is before `end` is told as missing now.
    cursor.sequence = min(found.sequence, end)
    cursor.offset += found.start
    let missing = first..<cursor.sequence
    return missing.isEmpty ? nil : QueueGap(missing: missing, reason: .damaged)
  }

  // MARK: - Files

  /// The segment, or nil where its file is not there any more.
  mutating func openIfThere(_ segment: SegmentName) throws(QueueError) -> SegmentFile? {
    do {
      return try open(segment)
    } catch {
      if case .system(let call) = error, call.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
  }

  private mutating func open(_ segment: SegmentName) throws(QueueError) -> SegmentFile {
    uses += 1
    if let file = files[segment] {
      file.lastUse = uses
      return file
    }
    if files.count >= QueueLimits.openSegmentCountMaximum,
      let stalest = files.min(by: { $0.value.lastUse < $1.value.lastUse })?.key
    {
      files.removeValue(forKey: stalest)
    }
    let queue = queue
    let file = try mapping { () throws(SystemCallError) in
      try SegmentFile(segment, in: queue.directory, epochs: queue.epochs)
    }
    file.lastUse = uses
    files[segment] = file
    return file
  }

  /// Reads the record that an index entry points at into the chunk; nil if it is not the one that
  /// it should be: the index is derived and may be wrong.
  mutating func loadRecord(
    _ sequence: UInt64, at entry: IndexEntry, _ file: SegmentFile
  ) throws(SystemCallError) -> RecordLayout? {
    let byteCount = Int(entry.length)
    guard byteCount > 0,
      byteCount <= QueueLimits.headByteCountMaximum + QueueLimits.bodyByteCountMaximum
    else { return nil }
    if chunk.count < byteCount { chunk = [UInt8](repeating: 0, count: byteCount) }
    var span = chunk.mutableSpan
    guard
      try file.text.read(at: Int(entry.offset), into: &span, byteCountMaximum: byteCount)
        == byteCount,
      case .record(let layout) = RecordParser.parse(chunk.span.extracting(0..<byteCount), at: 0),
      layout.sequence == sequence, layout.byteCount == byteCount,
      RecordParser.endsWithItsID(layout, chunk.span, epochDigits: file.epochDigits)
    else { return nil }
    return layout
  }

  private mutating func cursorByScan(
    _ sequence: UInt64, _ segment: SegmentName
  ) throws(QueueError) -> Cursor {
    let file = try open(segment)
    let queue = queue
    return try mapping { () throws(SystemCallError) in
      var scanner = SegmentScanner(epoch: queue.epochs.epoch(of: segment))
      var cursor = Cursor(sequence: sequence, segment: segment, offset: 0)
      _ = try scanner.scan(file.text, of: segment) { layout, _, base in
        // Where the event before is damaged, its own beginning is the place.
        if layout.sequence < sequence { cursor.offset = base + layout.body.upperBound }
        if layout.sequence == sequence { cursor.offset = base + layout.start }
      }
      return cursor
    }
  }
}
