import Kernel
import SystemPackage

/// The file `delayed`, as it is open, and what its entries say.
struct DelayedFile: ~Copyable {
  let descriptor: Descriptor
  let identity: FileIdentity
  private(set) var table = DelayedTable()
  /// Where the first entry stands.
  private let start: Int
  /// Behind what has been read.
  private(set) var end: Int
  /// Bytes that are no entry.
  private(set) var damages: [Range<Int>] = []
  private var toldDamageCount = 0

  /// Takes an open file, of which nothing has been read.
  ///
  /// - Throws: `unknownFormat`, `system`.
  init(_ descriptor: consuming Descriptor, path: FilePath) throws(QueueError) {
    let header = DelayedEntry.header
    var bytes = [UInt8](repeating: 0, count: header.count)
    let identity: FileIdentity
    do throws(SystemCallError) {
      var span = bytes.mutableSpan
      _ = try descriptor.read(at: 0, into: &span)
      identity = try descriptor.status().identity
    } catch {
      throw .system(error)
    }
    if bytes != header, bytes.starts(with: DelayedEntry.magic) {
      throw .unknownFormat(path: path.string, version: DelayedEntry.version(in: bytes))
    }
    // What is not the first line is passed over as damage.
    start = bytes == header ? header.count : 0
    end = start
    self.identity = identity
    self.descriptor = descriptor
  }

  /// Whether an entry may follow what has been read, which it may not in the middle of a line.
  var endsWithEntry: Bool { damages.last?.upperBound != end }

  /// Bytes of entries that mean nothing any more.
  var deadByteCount: Int { end - start - table.byteCount }

  /// Whether the file is as long as it was, or longer.
  func hasItsLength() throws(SystemCallError) -> Bool { try descriptor.status().byteCount >= end }

  /// Reads on to the end of the file.
  mutating func readOn() throws(SystemCallError) {
    let byteCount = try descriptor.status().byteCount
    if byteCount <= end { return }
    var scan = DelayedScan()
    try scan.read(descriptor, end..<byteCount) { (entry, place, bytes) throws(SystemCallError) in
      table.apply(entry, at: place, bytes)
    }
    damages += scan.damages
    end = byteCount
  }

  /// Cuts off what the last writer did not come to the end of, and keeps a copy; the caller holds the lock.
  ///
  /// Nobody was promised anything of it.
  mutating func cutTorn(in directory: QueueDirectory) throws(SystemCallError) {
    guard let torn = damages.last, torn.upperBound == end else { return }
    try keep(torn, in: directory)
    try descriptor.truncate(to: torn.lowerBound)
    damages.remove(at: damages.count - 1)
    toldDamageCount = min(toldDamageCount, damages.count)
    end = torn.lowerBound
  }

  private func keep(_ damage: Range<Int>, in directory: QueueDirectory) throws(SystemCallError) {
    var bytes = [UInt8](repeating: 0, count: damage.count)
    var span = bytes.mutableSpan
    _ = try descriptor.read(at: damage.lowerBound, into: &span)
    _ = try directory.quarantine(
      bytes.span, as: "\(QueueDirectory.delayedName).\(damage.lowerBound)")
  }

  /// Where bytes are no entries; each place is told once.
  mutating func takeUntoldDamages() -> [Range<Int>] {
    defer { toldDamageCount = damages.count }
    return Array(damages[toldDamageCount...])
  }

  /// Writes what waits, and what is being published, into a file of its own, on disk; damaged bytes are
  /// kept in the quarantine.
  ///
  /// - Parameter path: where that file is to be.
  func stage(at path: FilePath, in directory: QueueDirectory) throws(SystemCallError) {
    let copy = try directory.open(path, .createIfMissing)
    try copy.truncate(to: 0)
    var text = DelayedEntry.header
    var offset = 0
    var scan = DelayedScan()
    try scan.read(descriptor, start..<end) { (entry, place, bytes) throws(SystemCallError) in
      guard case .waiting(let id, _, _, let layout) = entry, let known = table.places[id],
        known.entry == place
      else { return }
      text.append(bytes.extracting(layout.start..<layout.body.upperBound))
      if known.isTaken { DelayedEntry.append(taken: id, to: &text) }
      guard text.count >= QueueLimits.copyChunkByteCount else { return }
      try copy.writeAll(text.span, at: offset)
      offset += text.count
      text.removeAll(keepingCapacity: true)
    }
    try copy.writeAll(text.span, at: offset)
    try copy.synchronize()
    for damage in scan.damages { try keep(damage, in: directory) }
  }

  /// How much of a file there is up to the end of its last whole entry.
  static func wholeByteCount(of descriptor: borrowing Descriptor) throws(SystemCallError) -> Int {
    let byteCount = try descriptor.status().byteCount
    var scan = DelayedScan()
    try scan.read(descriptor, 0..<byteCount) { (_, _, _) throws(SystemCallError) in }
    // The first line is no entry either.
    guard let last = scan.damages.last, last.upperBound == byteCount, last.lowerBound > 0 else {
      return byteCount
    }
    return last.lowerBound
  }

  // MARK: - Single events

  /// Calls `visit` for the turns behind one, or from the first on, for as long as it returns true.
  mutating func forEachTurn(
    behind last: DelayedTurn? = nil, _ visit: (DelayedTurn, DelayedTable.Place) -> Bool
  ) {
    table.forEachTurn(behind: last, visit)
  }

  /// Reads the entry of an event that waits; nil where it is not right any more.
  ///
  /// - Parameter body: gets its layout, its time to live in milliseconds, and the bytes of both.
  func read<Result>(
    _ id: DelayedID, _ place: DelayedTable.Place,
    _ body: (RecordLayout, Int64, Span<UInt8>) -> Result
  ) throws(SystemCallError) -> Result? {
    var bytes = [UInt8](repeating: 0, count: place.entry.count)
    var span = bytes.mutableSpan
    _ = try descriptor.read(at: place.entry.lowerBound, into: &span)
    guard
      case .entry(.waiting(id, _, let timeToLive, let layout), _) = DelayedEntry.parse(
        bytes.span, at: 0)
    else { return nil }
    return body(layout, timeToLive, bytes.span)
  }

  /// An event that waits; nil where there is none of the id.
  func waiting(_ id: DelayedID) throws(SystemCallError) -> WaitingEvent? {
    guard let place = table.places[id] else { return nil }
    return try read(id, place) { layout, timeToLive, bytes in
      WaitingEvent(id, layout, in: bytes, timeToLive: timeToLive, isTaken: place.isTaken)
    }
  }

  /// Events that wait, in the order in which they are due: so many, or as many as are not too large together.
  ///
  /// - Parameter last: those behind this one.
  mutating func page(
    behind last: DelayedTurn?, countMaximum: Int
  ) throws(SystemCallError) -> DelayedPage {
    var turns: [DelayedTurn] = []
    var byteCount = 0
    var hasMore = false
    forEachTurn(behind: last) { turn, place in
      byteCount += place.entry.count
      hasMore =
        turns.count == countMaximum
        || !turns.isEmpty && byteCount > QueueLimits.delayedPageByteCountMaximum
      if !hasMore { turns.append(turn) }
      return !hasMore
    }
    var events: [WaitingEvent] = []
    for turn in turns {
      if let event = try waiting(turn.id) { events.append(event) }
    }
    return DelayedPage(events: events, next: hasMore ? turns.last : nil, count: table.count)
  }
}

/// A part of all events that wait.
public struct DelayedPage: Sendable {
  /// In the order in which they are due.
  public let events: [WaitingEvent]
  /// The place behind them; nil where no more follow.
  public let next: DelayedTurn?
  /// How many wait in all.
  public let count: Int
}
