import Kernel

/// The keys that were used within the window, as far as an appender has looked; belongs to it.
///
/// The keys themselves stay on disk, in the segments' ``KeyFile``s; in memory there are their hashes, which
/// nobody outside can choose keys for, because they are seeded anew in each process.
struct KnownKeys {
  /// One segment's keys; the file is opened when it is asked for, because there may be thousands.
  private struct Source {
    let segment: SegmentName
    /// Half of the places of its keys in the table.
    let number: UInt64
    var place = KeyFile.Place()
  }

  private let directory: QueueDirectory
  private let windowMilliseconds: Int64
  private let countMaximum: Int
  private var table = KeyTable()
  /// Oldest first; the last one may grow.
  private var sources: [Source] = []
  private var nextNumber: UInt64 = 1
  /// The last segment whose keys were looked at.
  private var lookedAt: SegmentName?
  private var isLoaded = false
  /// The keys that were read last, open.
  private var reader: KeyFile?
  /// The keys of the segment that is appended to, for writing.
  private var writer: KeyFile?
  private var forgetsAgainAt: Int64 = 0

  /// How old the keys of a file may be.
  private var keptMilliseconds: Int64 {
    max(windowMilliseconds, QueueLimits.keyAgeMinimum.wholeMilliseconds)
  }

  /// How many keys are remembered.
  var count: Int { table.count }

  /// - Parameter window: for how long a key is remembered.
  init(_ directory: QueueDirectory, window: Duration, countMaximum: Int) {
    self.directory = directory
    self.countMaximum = countMaximum
    windowMilliseconds = window.wholeMilliseconds
  }

  // MARK: - Looking up

  /// What is known of a key.
  enum Use {
    case fresh
    /// An event with the same content has it.
    case same(sequence: UInt64, unixMilliseconds: Int64)
    /// Another event has it.
    case other
  }

  /// Looks a key up.
  ///
  /// - Parameter now: milliseconds since 1970.
  func use(of key: EventKey, content: UInt64, now: Int64) throws(QueueError) -> Use {
    var latest: KeyEntry?
    try table.forEachPlace(of: Self.hash(key.encoded.span)) { (place) throws(QueueError) in
      guard let source = sources.last(where: { $0.number == place >> Self.offsetBitCount }) else {
        return
      }
      // One that is not there any more was too old.
      let entry = try mapping { () throws(SystemCallError) in
        try KeyFile(reading: source.segment, in: directory)?
          .withEntry(at: Int(place & Self.offsetMask)) { entry, found in
            found.hasSameBytes(as: key.encoded.span) ? entry : nil
          }
      }
      guard let entry = entry.flatMap({ $0 }) else { return }
      if entry.sequence >= latest?.sequence ?? 0 { latest = entry }
    }
    guard let latest, key.isLasting || now - latest.unixMilliseconds <= windowMilliseconds else {
      return .fresh
    }
    return latest.content == content
      ? .same(sequence: latest.sequence, unixMilliseconds: latest.unixMilliseconds) : .other
  }

  private static let offsetBitCount: UInt64 = 32
  private static let offsetMask: UInt64 = 0xFFFF_FFFF

  private static func hash(_ key: Span<UInt8>) -> UInt64 {
    var hasher = Hasher()
    var place = 0
    while place + 8 <= key.count {
      hasher.combine(key.littleEndian64(at: place))
      place += 8
    }
    while place < key.count {
      hasher.combine(key[place])
      place += 1
    }
    return UInt64(bitPattern: Int64(hasher.finalize()))
  }

  // MARK: - Keeping up

  /// Reads what other appenders, and earlier processes, have added.
  ///
  /// - Parameters:
  ///   - end: the appended end; under the queue's lock nothing is missing up to it afterwards.
  ///   - now: milliseconds since 1970.
  mutating func catchUp(to end: Tail.AppendedEnd, now: Int64) throws(QueueError) {
    if !isLoaded { try load(end, now: now) }
    if let last = sources.last, last.segment == end.segment {
      return try read(sources.count - 1, upTo: end.next)
    }
    if !sources.isEmpty { try read(sources.count - 1, upTo: end.next) }
    for segment in try directory.keyedSegments()
    where segment <= end.segment && lookedAt.map({ segment > $0 }) ?? true {
      try add(segment, upTo: end.next)
      // Of one that does not grow any more and has none nothing is asked.
      if segment < end.segment, sources.last?.place.count == 0 { sources.removeLast() }
      lookedAt = segment
    }
  }

  /// What is older than the window at the queue's last event is left: weir may have been away for long, and
  /// what was about to be published then is not to be published twice.
  private mutating func load(_ end: Tail.AppendedEnd, now: Int64) throws(QueueError) {
    // Where it could not be finished it begins anew.
    table = KeyTable()
    sources = []
    let oldest = min(now, end.unixMilliseconds) - keptMilliseconds
    for segment in try directory.keyedSegments() where segment < end.segment {
      let seal = try mapping { () throws(SystemCallError) in
        try KeyFile(reading: segment, in: directory)?.seal()
      }
      if seal.map({ $0.content > 0 && $0.unixMilliseconds >= oldest }) ?? true {
        try add(segment, upTo: end.next)
      }
      lookedAt = segment
    }
    isLoaded = true
    forgetsAgainAt = now + Self.forgettingInterval.wholeMilliseconds
  }

  private mutating func add(_ segment: SegmentName, upTo next: UInt64) throws(QueueError) {
    sources.append(Source(segment: segment, number: nextNumber))
    nextNumber += 1
    try read(sources.count - 1, upTo: next)
  }

  private mutating func read(_ number: Int, upTo next: UInt64) throws(QueueError) {
    var source = sources[number]
    var found: [(hash: UInt64, offset: Int)] = []
    do throws(SystemCallError) {
      if reader?.segment != source.segment {
        reader = try KeyFile(reading: source.segment, in: directory)
      }
      guard let reader, try reader.byteCount() != source.place.offset else { return }
      try reader.read(from: &source.place, upTo: next) { _, offset, key in
        found.append((Self.hash(key), offset))
      }
    } catch {
      throw .system(error)
    }
    sources[number] = source
    for key in found { table.insert(key.hash, at: Self.place(source.number, key.offset)) }
    var excess = table.count - countMaximum
    if excess > 0 {
      forget(
        sources.prefix { source in
          defer { excess -= Int(source.place.count) }
          return excess > 0
        }.count)
    }
  }

  /// Writes the keys of events that are about to be the last ones of a segment; everything before them was
  /// caught up with.
  mutating func write(
    _ entries: [UInt8], of segment: SegmentName
  ) throws(SystemCallError) {
    if entries.isEmpty { return }
    if writer?.segment != segment { writer = try KeyFile(writing: segment, in: directory) }
    let place = place(in: segment)
    try writer?.cut(at: place)
    try writer?.write(entries, at: place)
  }

  /// Takes back what was written of events that were not appended.
  mutating func takeBack(from segment: SegmentName) throws(SystemCallError) {
    if writer?.segment == segment { try writer?.cut(at: place(in: segment)) }
  }

  private func place(in segment: SegmentName) -> KeyFile.Place {
    sources.last.flatMap { $0.segment == segment ? $0.place : nil } ?? KeyFile.Place()
  }

  private static func place(_ number: UInt64, _ offset: Int) -> UInt64 {
    number << offsetBitCount | UInt64(offset)
  }

  // MARK: - Forgetting

  private static let forgettingInterval: Duration = .seconds(60)

  /// Forgets keys that are too old, file by file.
  mutating func forgetOld(now: Int64) {
    guard isLoaded, now >= forgetsAgainAt else { return }
    forgetsAgainAt = now + Self.forgettingInterval.wholeMilliseconds
    forget(sources.prefix { now - $0.place.lastTime > keptMilliseconds }.count)
  }

  /// Forgets the oldest files, but not the last one, which may grow.
  private mutating func forget(_ wanted: Int) {
    let count = min(wanted, sources.count - 1)
    guard count > 0 else { return }
    sources.removeFirst(count)
    table.removeAll(below: Self.place(sources[0].number, 0))
  }
}
