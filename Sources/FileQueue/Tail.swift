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

    static func slot(_ turns: UInt64) -> Int { turns & 1 == 0 ? 8 : 16 }
    static func owner(_ epoch: UInt32) -> UInt64 { UInt64(epoch) | 1 << 32 }
  }

  private let page: SharedPage
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) throws(QueueError) {
    do {
      let byteCount = try descriptor.status().byteCount
      if byteCount < SharedPage.byteCount {
        // Written, not only made longer: a store into a page that the disk has no room for is the
        // death of the process.
        let rest = [UInt8](repeating: 0, count: SharedPage.byteCount - byteCount)
        try descriptor.writeAll(rest.span, at: byteCount)
      }
      page = try SharedPage(descriptor)
      self.descriptor = descriptor
    } catch {
      throw .system(error)
    }
  }

  /// Whether the page's file still has a name.
  func isOnDisk() throws(SystemCallError) -> Bool {
    try descriptor.status().linkCount > 0
  }

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
    if isSynced { page.raise(Cell.syncedNext, to: next) }
    page.raise(Cell.durableNext, to: next)
    // The events are on disk, and readers look again by themselves: a wake-up that fails is none.
    try? poke()
  }

  /// Whether a sync has failed since the queue was recovered: what was written then is lost although
  /// the kernel no longer says so.
  var hasFailed: Bool { page.load(Cell.failures) != 0 }

  func recordFailure() {
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
    let turns = page.load(Cell.turns) &+ 1
    let slot = Cell.slot(turns)
    page.store(end.next, slot)
    page.store(end.segment.first, slot + 1)
    page.store(UInt64(end.offset), slot + 2)
    page.store(UInt64(end.unixMilliseconds), slot + 3)
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
    nonmutating set { page.store(newValue?.first ?? 0, Cell.beginning) }
  }

  // MARK: - Recovery

  /// The durable end that the processes before have left: events before it were acknowledged.
  ///
  /// After a power cut it is an older one, never a newer one, because the page is written when the
  /// events are on disk. Nil where the page cannot be believed.
  func remembered(epoch: UInt32) -> UInt64? {
    Self.durableNext(epoch: epoch) { page.load($0) }
  }

  private static func durableNext(epoch: UInt32, _ cell: (Int) -> UInt64) -> UInt64? {
    let slot = Cell.slot(cell(Cell.turns))
    let next = cell(slot)
    let first = cell(slot + 1)
    let offset = Int(truncatingIfNeeded: cell(slot + 2))
    let durable = cell(Cell.durableNext)
    guard cell(Cell.owner) == Cell.owner(epoch), first > 0, durable >= first, durable <= next,
      next <= QueueLimits.sequenceMaximum,
      // An event takes more than a byte.
      offset >= 0, next - first <= UInt64(offset)
    else { return nil }
    return durable
  }

  /// What the page in a file says to one who only reads it: the durable end, and whether a write to
  /// the queue has failed; nil where it cannot be believed.
  static func read(
    at path: FilePath, epoch: UInt32
  ) throws(SystemCallError) -> (durableNext: UInt64, hasFailed: Bool)? {
    var bytes = [UInt8](repeating: 0, count: SharedPage.byteCount)
    do throws(SystemCallError) {
      let file = try Descriptor.open(path, .readOnly)
      var span = bytes.mutableSpan
      guard try file.read(at: 0, into: &span) == SharedPage.byteCount else { return nil }
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw error
    }
    let cell = { (index: Int) in bytes.span.littleEndian64(at: index * 8) }
    return durableNext(epoch: epoch, cell).map { ($0, cell(Cell.failures) != 0) }
  }

  /// Makes the page say what recovery found; nobody else has the queue open.
  func reset(to end: AppendedEnd, epoch: UInt32) throws(SystemCallError) {
    page.store(0, Cell.failures)
    page.store(0, Cell.beginning)
    page.store(Cell.owner(epoch), Cell.owner)
    setAppendedEnd(end)
    page.store(end.next, Cell.syncedNext)
    page.store(end.next, Cell.durableNext)
    try poke()
  }

  private func poke() throws(SystemCallError) {
    let value: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    _ = try descriptor.write(value.span, at: Cell.poke * 8)
  }
}
