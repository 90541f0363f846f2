import Kernel
import SystemPackage

/// Where the queue ends, in a page that all its processes share.
///
/// All of it is derived: recovery builds it anew. The appended end is written by the holder of the
/// queue's lock alone; it lies in one of two slots, and a counter whose lowest bit names the valid
/// one is stored last, so an appender that dies between two stores has changed nothing. The durable
/// end only rises.
struct Tail: ~Copyable, Sendable {
  /// The end of what has been appended.
  struct AppendedEnd: Hashable, Sendable {
    /// The sequence that the next event gets.
    var next: UInt64
    /// The segment that it goes into.
    var segment: SegmentName
    /// Where in the segment's text.
    var offset: Int
    /// When the last event was published; times never step back.
    var unixMilliseconds: Int64

    /// Whether it can be one: who writes into the page what does not belong there may leave any numbers.
    var isSound: Bool {
      segment.first > 0 && next >= segment.first && next <= QueueLimits.sequenceMaximum
        && offset >= 0
    }

    /// Whether appending can have led here from an end that was seen before.
    func isReachable(from seen: AppendedEnd) -> Bool {
      if segment == seen.segment {
        return next == seen.next
          ? offset == seen.offset : next > seen.next && offset > seen.offset
      }
      return segment > seen.segment && next >= seen.next
    }
  }

  private enum Cell {
    static let durableNext = 0
    static let failures = 1
    static let turns = 2
    static let syncedNext = 5
    /// Which queue the page is about; never 0.
    static let owner = 3
    /// The first sequence of the segment that is being begun; 0 where none is.
    static let beginning = 4
    /// Written with pwrite(2), not as memory, so that it is seen by inotify.
    static let poke = 32
    /// The epoch that the next event begins; 0 where it goes on in the last one of the file.
    static let pendingEpoch = 6
    /// On which folder the queue lives: see ``QueueHome``.
    static let home = 40
    /// When somebody last wrote to the page, in nanoseconds since 1970.
    static let touchedAt = 48
    /// The oldest event that retention keeps; 0 where an older weir has kept no account of it.
    static let oldestKept = 49
    /// How far the file `topics` is good: see ``TopicLogPlace``.
    static let topicLog = 50
    /// The ends of all events before this sequence are noted there; 0 where an older weir has kept no
    /// account of it.
    static let topicsNext = 51

    static func slot(_ turns: UInt64) -> Int { turns & 1 == 0 ? 8 : 16 }
    static func owner(_ epoch: UInt32) -> UInt64 { UInt64(epoch) | 1 << 32 }
    static func epoch(_ cell: UInt64) -> UInt32? {
      cell == 0 ? nil : UInt32(truncatingIfNeeded: cell)
    }
  }

  /// Which file the page is in.
  let file: FileIdentity
  private let page: SharedPage
  private let descriptor: Descriptor

  /// Maps the page in a file that is open for writing; makes one of zeros where it is too short.
  init(_ descriptor: consuming Descriptor) throws(SystemCallError) {
    let status = try descriptor.status()
    let byteCount = status.byteCount
    if byteCount < SharedPage.byteCount {
      // Written, not only made longer: a store into a page that the disk has no room for is the
      // death of the process.
      let rest = [UInt8](repeating: 0, count: SharedPage.byteCount - byteCount)
      try descriptor.writeAll(rest.span, at: byteCount)
    }
    let page = try SharedPage(descriptor)
    self.page = page
    file = status.identity
    self.descriptor = descriptor
  }

  /// Maps the page in a file that is open for reading; nothing may be stored in it.
  init?(reading descriptor: consuming Descriptor) throws(SystemCallError) {
    let status = try descriptor.status()
    guard status.byteCount >= SharedPage.byteCount else { return nil }
    let page = try SharedPage(descriptor, isWritable: false)
    self.page = page
    file = status.identity
    self.descriptor = descriptor
  }

  /// What the kernel tells of the page's file.
  func status() throws(SystemCallError) -> FileStatus { try descriptor.status() }

  // MARK: - The durable end

  /// The sequence behind the last event that is on disk: no reader goes there.
  var durableNext: UInt64 { page.load(Cell.durableNext) }

  /// The sequence behind the last event that a sync has covered; where durability is none, the
  /// durable end is ahead of it.
  var syncedNext: UInt64 { page.load(Cell.syncedNext) }

  /// Lets readers go up to `next` and wakes them in every process.
  ///
  /// - Parameter isSynced: whether a sync has covered the events before `next`.
  func raiseDurableEnd(to next: UInt64, isSynced: Bool) {
    touch()
    if isSynced { page.raise(Cell.syncedNext, to: next) }
    page.raise(Cell.durableNext, to: next)
    // The events are on disk, and readers look again by themselves: a wake-up that fails is none.
    try? poke()
  }

  /// Whether a sync has failed since the queue was recovered: what was written then is lost although
  /// the kernel no longer says so.
  var hasFailed: Bool { page.load(Cell.failures) != 0 }

  func recordFailure() {
    touch()
    page.store(1, Cell.failures)
  }

  // MARK: - The appended end

  /// The appended end; the holder of the lock alone may ask.
  var appendedEnd: AppendedEnd {
    let slot = Cell.slot(page.load(Cell.turns))
    return AppendedEnd(
      next: page.load(slot), segment: SegmentName(first: page.load(slot + 1)),
      offset: Int(truncatingIfNeeded: page.load(slot + 2)),
      unixMilliseconds: Int64(truncatingIfNeeded: page.load(slot + 3)))
  }

  /// The appended end as anybody may see it: nil while it moves.
  func observedEnd() -> AppendedEnd? {
    let turns = page.load(Cell.turns)
    let end = appendedEnd
    return page.load(Cell.turns) == turns ? end : nil
  }

  /// Moves the appended end; the holder of the lock alone may.
  func setAppendedEnd(_ end: AppendedEnd) {
    touch()
    let turns = page.load(Cell.turns) &+ 1
    let slot = Cell.slot(turns)
    page.store(end.next, slot)
    page.store(end.segment.first, slot + 1)
    page.store(UInt64(end.offset), slot + 2)
    page.store(UInt64(bitPattern: end.unixMilliseconds), slot + 3)
    page.store(turns, Cell.turns)
  }

  /// The segment that an appender has begun to make and not yet moved the appended end into.
  ///
  /// The holder of the lock alone may use it.
  var beginning: SegmentName? {
    get {
      let first = page.load(Cell.beginning)
      return first == 0 ? nil : SegmentName(first: first)
    }
    nonmutating set {
      touch()
      page.store(newValue?.first ?? 0, Cell.beginning)
    }
  }

  /// The epoch that the next event begins, in a segment of its own; nil where it goes on in the last one
  /// of the file `epoch`.
  ///
  /// The holder of the lock alone may use it.
  var pendingEpoch: UInt32? { Cell.epoch(page.load(Cell.pendingEpoch)) }

  /// Notes that the epoch stands in the file.
  func settlePendingEpoch() {
    touch()
    page.store(page.load(Cell.pendingEpoch), Cell.owner)
    page.store(0, Cell.pendingEpoch)
  }

  /// The epochs of the queue, of which those in the file are all but the one that has not begun yet.
  func epochs(inFile known: Epochs) -> Epochs {
    // In this order: while the epoch is pending nothing is appended.
    let next = appendedEnd.next
    guard let pending = pendingEpoch, known.current != pending else { return known }
    return known.beginning(pending, at: next)
  }

  /// The first event that retention keeps, raised before what is older is removed; nil where nobody has
  /// kept account.
  var oldestKept: UInt64? {
    let sequence = page.load(Cell.oldestKept)
    return sequence == 0 ? nil : sequence
  }

  /// Notes, on disk, that retention keeps nothing older: after a power cut, too, the page is not to miss what
  /// is removed then.
  func raiseOldestKept(to sequence: UInt64) throws(SystemCallError) {
    touch()
    page.raise(Cell.oldestKept, to: sequence)
    try descriptor.synchronizeData()
  }

  // MARK: - Ended and deleted topics

  /// How far the file `topics` is good: see ``TopicLogPlace``; 0 where there is none, or nobody has kept
  /// account of it.
  var topicLogCell: UInt64 { page.load(Cell.topicLog) }

  /// The ends of all events before this sequence are noted; 0 where nobody has kept account.
  ///
  /// Behind an append the appended end; an appender that dies before it notes them leaves it behind.
  var topicsNext: UInt64 { page.load(Cell.topicsNext) }

  /// The ends of all events before this sequence are noted, and the events on disk.
  var topicsSeen: UInt64 {
    let noted = topicsNext
    return noted > 0 ? min(noted, syncedNext) : syncedNext
  }

  /// Notes how far ends are noted; the holder of the lock alone may.
  ///
  /// - Parameters:
  ///   - next: the ends of all events before it are.
  ///   - logCell: how far the file is good; nil for as far as before.
  func setTopics(next: UInt64? = nil, logCell: UInt64? = nil) {
    touch()
    if let logCell { page.store(logCell, Cell.topicLog) }
    if let next { page.store(next, Cell.topicsNext) }
  }

  // MARK: - Where the queue lives

  /// Where the queue was when the page was made; nil in one of an older weir.
  var home: QueueHome? {
    QueueHome(cells: (0..<QueueHome.cellCount).map { page.load(Cell.home + $0) })
  }

  /// Whether nobody has written to the page's file but who keeps the queue: what copies or restores a
  /// file changes it later than the page says, in place too.
  func isUntouched() throws(SystemCallError) -> Bool {
    let touchedAt = Int64(truncatingIfNeeded: page.load(Cell.touchedAt))
    let (late, isOver) = try status().changedUnixNanoseconds.subtractingReportingOverflow(touchedAt)
    return !isOver && late <= QueueLimits.tailTouchTolerance.wholeNanoseconds
  }

  /// Notes the time of a store, which comes next: the kernel dates the file by it.
  private func touch() {
    page.store(UInt64(bitPattern: Clock.unixNanoseconds()), Cell.touchedAt)
  }

  // MARK: - Recovery

  /// What a page says of the queue's end to one who has not kept it up to date.
  struct Memory: Hashable, Sendable {
    /// The sequence behind the last event that was acknowledged.
    ///
    /// After a power cut it is an older one, never a newer one, because the page is written when the
    /// events are on disk.
    let durableNext: UInt64
    /// The first event that retention keeps; nil where nobody has kept account.
    let oldestKept: UInt64?
    /// The epoch that the next event begins; nil where it goes on in the last one.
    let pendingEpoch: UInt32?
    /// Whether a write to the queue has failed.
    let hasFailed: Bool
    /// Where the queue was; nil in a page of an older weir.
    let home: QueueHome?

    /// Nil where the page cannot be believed, or is about another queue.
    fileprivate init?(epochs: Epochs, _ cell: (Int) -> UInt64) {
      let slot = Cell.slot(cell(Cell.turns))
      let next = cell(slot)
      let first = cell(slot + 1)
      let offset = Int(truncatingIfNeeded: cell(slot + 2))
      let durable = cell(Cell.durableNext)
      guard let owner = epochs.entries.last(where: { Cell.owner($0.epoch) == cell(Cell.owner) }),
        // Who began the epoch behind it died before the page was made to say so.
        owner.epoch == epochs.current || durable <= epochs.end(of: owner) ?? .max,
        first > 0, durable >= first, durable <= next, next <= QueueLimits.sequenceMaximum,
        // An event takes more than a byte.
        offset >= 0, next - first <= UInt64(offset)
      else { return nil }
      durableNext = durable
      let oldest = cell(Cell.oldestKept)
      oldestKept = oldest > 0 && oldest <= durable ? oldest : nil
      hasFailed = cell(Cell.failures) != 0
      pendingEpoch = Cell.epoch(cell(Cell.pendingEpoch))
      home = QueueHome(cells: (0..<QueueHome.cellCount).map { cell(Cell.home + $0) })
    }
  }

  /// What the processes before have left in the page.
  func memory(epochs: Epochs) -> Memory? { Memory(epochs: epochs) { page.load($0) } }

  /// What the page in a file says to one who only reads it.
  static func memory(at path: FilePath, epochs: Epochs) throws(SystemCallError) -> Memory? {
    var bytes = [UInt8](repeating: 0, count: SharedPage.byteCount)
    do throws(SystemCallError) {
      let file = try Descriptor.open(path, .readOnly)
      var span = bytes.mutableSpan
      guard try file.read(at: 0, into: &span) == SharedPage.byteCount else { return nil }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
    return Memory(epochs: epochs) { bytes.span.littleEndian64(at: $0 * 8) }
  }

  /// Whether the page is about the epoch that somebody knows to be that of new events.
  func isAbout(_ epoch: UInt32) -> Bool {
    let pending = page.load(Cell.pendingEpoch)
    return (pending == 0 ? page.load(Cell.owner) : pending) == Cell.owner(epoch)
  }

  /// Makes the page say what recovery found; nobody else has the queue open.
  ///
  /// - Parameters:
  ///   - oldestKept: the first event that is there.
  ///   - epoch: the last one in the file `epoch`.
  ///   - pendingEpoch: the one that the next event begins, if it does.
  ///   - topicLogCell: how far the file `topics` is good; 0 where there is none.
  func reset(
    to end: AppendedEnd, oldestKept: UInt64, epoch: UInt32, pendingEpoch: UInt32?,
    topicLogCell: UInt64 = 0, home: QueueHome
  ) throws(SystemCallError) {
    touch()
    page.store(topicLogCell, Cell.topicLog)
    page.store(end.next, Cell.topicsNext)
    page.store(0, Cell.failures)
    page.store(0, Cell.beginning)
    page.store(oldestKept, Cell.oldestKept)
    page.store(Cell.owner(epoch), Cell.owner)
    page.store(pendingEpoch.map { Cell.owner($0) } ?? 0, Cell.pendingEpoch)
    setAppendedEnd(end)
    page.store(end.next, Cell.syncedNext)
    page.store(end.next, Cell.durableNext)
    for (place, cell) in home.cells.enumerated() { page.store(cell, Cell.home + place) }
    try poke()
  }

  /// A page in memory, of a queue that is at home nowhere.
  static func detached(
    end: AppendedEnd, oldestKept: UInt64, epoch: UInt32
  ) throws(SystemCallError) -> Tail {
    let nowhere = FileIdentity(device: 0, inode: 0, birthUnixNanoseconds: 0)
    let tail = try Tail(try MemoryFile(name: "tail").descriptor.duplicate())
    try tail.reset(
      to: end, oldestKept: oldestKept, epoch: epoch, pendingEpoch: nil,
      home: QueueHome(folder: nowhere, tail: nowhere))
    return tail
  }

  /// The page as it stands in its file.
  func bytes() throws(SystemCallError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: SharedPage.byteCount)
    var span = bytes.mutableSpan
    _ = try descriptor.read(at: 0, into: &span)
    return bytes
  }

  private func poke() throws(SystemCallError) {
    touch()
    let value: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    _ = try descriptor.write(value.span, at: Cell.poke * 8)
  }
}
