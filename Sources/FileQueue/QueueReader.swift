import Kernel
import SystemPackage

/// Reads events from any cursor up to the durable end; belongs to one thread.
///
/// It serves any number of cursors: they are values, the open files are shared between them.
public struct QueueReader: ~Copyable {
  private let queue: Queue
  private var files: [SegmentName: SegmentFile] = [:]
  private var uses: UInt64 = 0
  private var chunk: [UInt8]

  /// A segment open for reading.
  ///
  /// A removed segment stays readable while it is open.
  private final class SegmentFile {
    let text: Descriptor
    let index: Descriptor?
    var lastUse: UInt64 = 0

    init(_ name: SegmentName, in directory: QueueDirectory) throws(SystemCallError) {
      text = try Descriptor.open(directory.textPath(name), .readOnly)
      index = try? Descriptor.open(directory.indexPath(name), .readOnly)
    }
  }

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
    if let entry = try mapping({ () throws(SystemCallError) in
      try Self.entry(sequence - 1, of: segment, file)
    }),
      try mapping({ () throws(SystemCallError) in
        try holds(entry, sequence - 1, file)
      })
    {
      return Cursor(
        sequence: sequence, segment: segment, offset: Int(entry.offset) + Int(entry.length))
    }
    return try cursorByScan(sequence, segment)
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
    let durableNext = min(queue.durableNext, limit)
    var byteCount = 0
    while cursor.sequence < durableNext {
      guard byteCount < byteCountMaximum else { return .more }
      let file: SegmentFile
      do {
        file = try open(cursor.segment)
      } catch {
        if case .system(let call) = error, call.errno == .noSuchFileOrDirectory {
          return .gap(try skipMissingSegment(&cursor))
        }
        throw error
      }
      let loaded = try mapping { () throws(SystemCallError) in
        try load(file, at: cursor.offset)
      }
      if loaded == 0 {
        if let gap = try moveToNextSegment(&cursor) { return .gap(gap) }
        continue
      }
      let parsed = parseChunk(
        loaded, from: &cursor, durableNext: durableNext,
        byteCountMaximum: byteCountMaximum - byteCount, visit)
      byteCount += parsed.byteCount
      switch parsed.ending {
      case .record, nil:
        break
      case .cutOff(let needed) where needed > loaded && needed > chunk.count:
        chunk = [UInt8](repeating: 0, count: needed)
      case .cutOff where parsed.byteCount > 0:
        break
      case .cutOff, .damaged:
        return .gap(try skipDamage(&cursor, file, durableNext: durableNext))
      }
    }
    if chunk.count > QueueLimits.chunkByteCount {
      chunk = [UInt8](repeating: 0, count: QueueLimits.chunkByteCount)
    }
    return .caughtUp
  }

  // MARK: - Steps of a read

  private func parseChunk(
    _ loaded: Int, from cursor: inout Cursor, durableNext: UInt64, byteCountMaximum: Int,
    _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) -> (byteCount: Int, ending: ParsedRecord?) {
    let bytes = chunk.span.extracting(0..<loaded)
    var start = 0
    while cursor.sequence < durableNext, start < byteCountMaximum, start < loaded {
      let outcome = RecordParser.parse(bytes, at: start)
      guard case .record(let layout) = outcome else { return (start, outcome) }
      guard layout.sequence == cursor.sequence else {
        return (start, .damaged(reason: "sequence \(layout.sequence) stands here"))
      }
      visit(layout, bytes)
      start = layout.body.upperBound
      cursor.sequence += 1
      cursor.offset += layout.byteCount
    }
    return (start, nil)
  }

  private mutating func load(
    _ file: SegmentFile, at offset: Int
  ) throws(SystemCallError) -> Int {
    var span = chunk.mutableSpan
    return try file.text.read(at: offset, into: &span)
  }

  /// Goes on where a segment ends: the next one is named by the next sequence.
  private mutating func moveToNextSegment(
    _ cursor: inout Cursor
  ) throws(QueueError) -> QueueGap? {
    let segments = try queue.directory.segments()
    guard let next = segments.first(where: { $0.first >= cursor.sequence }) else {
      throw .damaged(
        segment: cursor.segment.textFile, offset: cursor.offset,
        reason: "event \(cursor.sequence) should follow")
    }
    let missing = cursor.sequence..<next.first
    cursor = Cursor(sequence: next.first, segment: next, offset: 0)
    return missing.isEmpty ? nil : QueueGap(missing: missing, reason: .damaged)
  }

  private mutating func skipMissingSegment(
    _ cursor: inout Cursor
  ) throws(QueueError) -> QueueGap {
    let first = cursor.sequence
    cursor = try self.cursor(at: first)
    return QueueGap(missing: first..<max(first, cursor.sequence), reason: .expired)
  }

  /// Moves over bytes that are no record, to the next event that is whole.
  private mutating func skipDamage(
    _ cursor: inout Cursor, _ file: SegmentFile, durableNext: UInt64
  ) throws(QueueError) -> QueueGap {
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
      rest.span, from: 0, expected: first, epochDigits: EventID.hexadecimal(queue.epoch))
    if let found, found.sequence < durableNext {
      cursor.sequence = found.sequence
      cursor.offset += found.start
      return QueueGap(missing: first..<found.sequence, reason: .damaged)
    }
    cursor.offset = byteCount
    return try moveToNextSegment(&cursor)
      ?? QueueGap(missing: first..<cursor.sequence, reason: .damaged)
  }

  // MARK: - Files

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
    let directory = queue.directory
    let file = try mapping { () throws(SystemCallError) in
      try SegmentFile(segment, in: directory)
    }
    file.lastUse = uses
    files[segment] = file
    return file
  }

  private static func entry(
    _ sequence: UInt64, of segment: SegmentName, _ file: SegmentFile
  ) throws(SystemCallError) -> IndexEntry? {
    guard file.index != nil else { return nil }
    var bytes = [UInt8](repeating: 0, count: IndexEntry.byteCount)
    var span = bytes.mutableSpan
    let offset = Int(sequence - segment.first) * IndexEntry.byteCount
    guard let count = try file.index?.read(at: offset, into: &span), count == bytes.count else {
      return nil
    }
    let entry = IndexEntry(bytes.span, at: 0)
    return entry.length > 0 ? entry : nil
  }

  /// Whether the record that an index entry points at is the one it should be; the index is derived
  /// and may be wrong.
  private func holds(
    _ entry: IndexEntry, _ sequence: UInt64, _ file: SegmentFile
  ) throws(SystemCallError) -> Bool {
    var record = [UInt8](repeating: 0, count: Int(entry.length))
    var span = record.mutableSpan
    guard try file.text.read(at: Int(entry.offset), into: &span) == record.count else {
      return false
    }
    guard case .record(let layout) = RecordParser.parse(record.span, at: 0) else { return false }
    return layout.sequence == sequence && layout.byteCount == record.count
  }

  private mutating func cursorByScan(
    _ sequence: UInt64, _ segment: SegmentName
  ) throws(QueueError) -> Cursor {
    let file = try open(segment)
    let queue = queue
    return try mapping { () throws(SystemCallError) in
      var scanner = SegmentScanner(epoch: queue.epoch)
      var cursor = Cursor(sequence: segment.first, segment: segment, offset: 0)
      _ = try scanner.scan(file.text, of: segment) { layout, _ in
        guard layout.sequence < sequence else { return }
        cursor.sequence = layout.sequence + 1
        cursor.offset = layout.body.upperBound
      }
      return cursor
    }
  }
}
