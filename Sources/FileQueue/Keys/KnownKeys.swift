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
    /// Which file was read, whose keys may stand elsewhere in one that is made anew; nil where there was none yet.
    var file: FileIdentity?
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
  private let clocks: ClockSources
  private var ages: KeyAges
  /// Nanoseconds of the clock that is never set.
  private var forgetsAgainAt: Int64 = 0
  /// Numbers of those whose files were made anew.
  private var remadeSources: [UInt64] = []
  /// Keys that were written and not read again yet.
  private var writtenCount = 0

  /// How old the keys of a file may be.
  private var keptMilliseconds: Int64 {
    max(windowMilliseconds, QueueLimits.keyAgeMinimum.wholeMilliseconds)
  }

  /// How many keys are remembered.
  var count: Int { table.count + writtenCount }

  /// - Parameter window: for how long a key is remembered.
  init(
    _ directory: QueueDirectory, window: Duration, countMaximum: Int, clocks: ClockSources
  ) {
    self.directory = directory
    self.clocks = clocks
    ages = KeyAges(clocks)
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

  /// Looks a key up, as of the last ``catchUp(to:)``.
  ///
  /// - Parameter next: the sequence behind the last event.
  mutating func use(
    of key: EventKey, content: UInt64, next: UInt64
  ) throws(QueueError) -> Use {
    var found = try latest(of: key)
    while let source = found.remade {
      try readAnew(source, upTo: next)
      found = try latest(of: key)
    }
    guard let latest = found.entry, key.isLasting || age(of: latest) <= windowMilliseconds else {
      return .fresh
    }
    return latest.content == content
      ? .same(sequence: latest.sequence, unixMilliseconds: latest.unixMilliseconds) : .other
  }

  /// The last entry of a key, or the number of a source that was made anew, so that its places are others.
  private func latest(
    of key: EventKey
  ) throws(QueueError) -> (entry: KeyEntry?, remade: UInt64?) {
    var latest: KeyEntry?
    var remade: UInt64?
    try table.forEachPlace(of: Self.hash(key.encoded.span)) { (place) throws(QueueError) in
      guard let number = index(ofSource: place >> Self.offsetBitCount) else { return }
      let source = sources[number]
      let entry: KeyEntry?? = try mapping { () throws(SystemCallError) in
        // One that is not there any more was too old.
        guard let file = try KeyFile(reading: source.segment, in: directory) else { return nil }
        guard try file.identity() == source.file else {
          remade = source.number
          return nil
        }
        return try file.withEntry(at: Int(place & Self.offsetMask)) { entry, found in
          found.hasSameBytes(as: key.encoded.span) ? entry : nil
        }
      }
      guard let entry = entry.flatMap({ $0 }) else { return }
      if entry.sequence >= latest?.sequence ?? 0 { latest = entry }
    }
    return (latest, remade)
  }

  private func age(of entry: KeyEntry) -> Int64 {
    ages.age(of: entry.sequence, publishedAt: entry.unixMilliseconds)
  }

  /// Where the source of a number is; they are in the order of these.
  private func index(ofSource number: UInt64) -> Int? {
    var (low, high) = (0, sources.count)
    while low < high {
      let middle = (low + high) / 2
      if sources[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low < sources.count && sources[low].number == number ? low : nil
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

  /// Reads what other appenders, and earlier processes, have added; the clocks were looked at.
  ///
  /// - Parameters:
  ///   - end: the appended end; under the queue's lock nothing is missing up to it afterwards.
  ///   - isDoubted: see ``KeyAges/begin(next:lastTime:isDoubted:)``.
  mutating func catchUp(to end: Tail.AppendedEnd, isDoubted: Bool = false) throws(QueueError) {
    if !isLoaded { try load(end, isDoubted: isDoubted) }
    for source in remadeSources { try readAnew(source, upTo: end.next) }
    remadeSources = []
    writtenCount = 0
    if let last = sources.last, last.segment == end.segment {
      return try read(sources.count - 1, upTo: end.next)
    }
    if let last = sources.last, last.segment == lookedAt {
      // Who sealed it may have made it anew.
      reader = nil
      try read(sources.count - 1, upTo: end.next)
      if sources.last?.place.count == 0 { sources.removeLast() }
    }
    for segment in try followers(upTo: end.segment) {
      try add(segment, upTo: end.next)
      // Of one that does not grow any more and has none nothing is asked.
      if segment < end.segment, sources.last?.place.count == 0 { sources.removeLast() }
      lookedAt = segment
    }
  }

  /// The segments behind the last one that was looked at: a seal names the next segment, so the names of all files,
  /// of which there may be thousands, are read only where a seal is missing.
  private func followers(upTo end: SegmentName) throws(QueueError) -> [SegmentName] {
    var found: [SegmentName] = []
    while let last = found.last ?? lookedAt, last < end {
      let seal = try mapping { () throws(SystemCallError) in
        try KeyFile(reading: last, in: directory)?.seal()
      }
      guard let next = seal.map({ SegmentName(first: $0.sequence) }), next > last, next <= end
      else { break }
      found.append(next)
    }
    if found.last ?? lookedAt == end { return found }
    return try directory.keyedSegments().filter { segment in
      segment <= end && lookedAt.map { segment > $0 } ?? true
    }
  }

  /// What is older than the window at the queue's last event is left: weir may have been away for long, and
  /// what was about to be published then is not to be published twice.
  private mutating func load(_ end: Tail.AppendedEnd, isDoubted: Bool) throws(QueueError) {
    // Where it could not be finished it begins anew.
    table = KeyTable()
    sources = []
    lookedAt = nil
    ages = KeyAges(clocks)
    let oldest = min(clocks.wall(), end.unixMilliseconds) - keptMilliseconds
    for segment in try directory.keyedSegments() where segment < end.segment {
      let seal = try mapping { () throws(SystemCallError) in
        reader = try KeyFile(reading: segment, in: directory)
        return try reader?.seal()
      }
      if seal.map({ $0.content > 0 && $0.unixMilliseconds >= oldest }) ?? true {
        try add(segment, upTo: end.next)
      }
      lookedAt = segment
    }
    // Those of the last segment, of which some may be of earlier processes too.
    for segment in try followers(upTo: end.segment) {
      try add(segment, upTo: end.next)
      lookedAt = segment
    }
    ages.begin(next: end.next, lastTime: end.unixMilliseconds, isDoubted: isDoubted)
    isLoaded = true
    forgetsAgainAt = clocks.steady() + QueueLimits.keyUpkeepInterval.wholeNanoseconds
  }

  private mutating func add(_ segment: SegmentName, upTo next: UInt64) throws(QueueError) {
    sources.append(Source(segment: segment, number: nextNumber))
    nextNumber += 1
    try read(sources.count - 1, upTo: next)
  }

  private mutating func read(_ number: Int, upTo next: UInt64) throws(QueueError) {
    var source = sources[number]
    var found: [(hash: UInt64, offset: Int)] = []
    var earlier: KeyAges? = isLoaded ? nil : ages
    do throws(SystemCallError) {
      if reader?.segment != source.segment {
        reader = try KeyFile(reading: source.segment, in: directory)
      }
      guard let reader else { return }
      let file = try reader.identity()
      if source.file != file {
        if source.place.count > 0 { table.removeAll(in: Self.places(of: source.number)) }
        (source.file, source.place) = (file, KeyFile.Place())
        sources[number] = source
      }
      guard try reader.byteCount() != source.place.offset else { return }
      try reader.read(from: &source.place, upTo: next) { entry, offset, key in
        found.append((Self.hash(key), offset))
        earlier?.note(entry.sequence, publishedAt: entry.unixMilliseconds)
      }
    } catch {
      throw .system(error)
    }
    sources[number] = source
    if let earlier { ages = earlier }
    for key in found { table.insert(key.hash, at: Self.place(source.number, key.offset)) }
    guard table.count > countMaximum else { return }
    // The table is gone through for it, so not for each single one.
    var excess = table.count - countMaximum + countMaximum / QueueLimits.forgottenKeyShare
    forget(
      sources.prefix { source in
        defer { excess -= Int(source.place.count) }
        return excess > 0
      }.count)
  }

  /// Reads a source whose file was made anew.
  private mutating func readAnew(_ source: UInt64, upTo next: UInt64) throws(QueueError) {
    guard let number = index(ofSource: source) else { return }
    reader = nil
    try read(number, upTo: next)
  }

  /// Writes the keys of events that are about to be the last ones of a segment; everything before them was
  /// caught up with.
  mutating func write(
    _ entries: (bytes: [UInt8], count: Int), of segment: SegmentName
  ) throws(SystemCallError) {
    if entries.count == 0 { return }
    if writer?.segment != segment { writer = try KeyFile(writing: segment, in: directory) }
    let place = place(in: segment)
    try writer?.cut(at: place)
    try writer?.write(entries.bytes, at: place)
    writtenCount = entries.count
  }

  /// Takes back what was written of events that were not appended; everything before them was caught up with.
  mutating func takeBack(from segment: SegmentName) throws(SystemCallError) {
    writtenCount = 0
    if writer?.segment == segment { try writer?.cut(at: place(in: segment)) }
  }

  private func place(in segment: SegmentName) -> KeyFile.Place {
    sources.last.flatMap { $0.segment == segment ? $0.place : nil } ?? KeyFile.Place()
  }

  private static func place(_ number: UInt64, _ offset: Int) -> UInt64 {
    number << offsetBitCount | UInt64(offset)
  }

  private static func places(of number: UInt64) -> Range<UInt64> {
    place(number, 0)..<place(number + 1, 0)
  }

  // MARK: - Forgetting

  /// Notes that events were appended since the clocks were looked at.
  ///
  /// - Parameter next: the sequence behind the last one.
  mutating func pass(next: UInt64) { ages.pass(next: next) }

  /// Looks at the clocks, and now and then forgets keys that are too old, file by file, and looks for files that were
  /// made anew.
  ///
  /// - Parameter next: the sequence behind the last event.
  mutating func lookAtClocks(next: UInt64) {
    guard isLoaded else { return }
    ages.look(next: next)
    let now = clocks.steady()
    guard now >= forgetsAgainAt else { return }
    forgetsAgainAt = now + QueueLimits.keyUpkeepInterval.wholeNanoseconds
    forget(
      sources.prefix {
        ages.age(of: $0.place.lastSequence, publishedAt: $0.place.lastTime) > keptMilliseconds
      }.count)
    remadeSources = sources.compactMap { source in
      let there = try? FileStatus(of: directory.keysPath(source.segment)).identity
      return there != nil && source.file != nil && there != source.file ? source.number : nil
    }
  }

  /// Forgets the oldest files, but not the last one, which may grow.
  private mutating func forget(_ wanted: Int) {
    let count = min(wanted, sources.count - 1)
    guard count > 0 else { return }
    sources.removeFirst(count)
    table.removeAll(in: 0..<Self.place(sources[0].number, 0))
  }
}
