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
    static let slots = [8, 16]
    /// Written with pwrite(2), not as memory, so that it is seen by inotify.
    static let poke = 32
  }

  private let page: SharedPage
  private let descriptor: Descriptor

  init(_ descriptor: consuming Descriptor) throws(QueueError) {
    do {
      if try descriptor.status().byteCount < SharedPage.byteCount {
        try descriptor.truncate(to: SharedPage.byteCount)
      }
      page = try SharedPage(descriptor)
      self.descriptor = descriptor
    } catch {
      throw .system(error)
    }
  }

  /// The sequence behind the last event that is on disk: no reader goes there.
  var durableNext: UInt64 { page.load(Cell.durableNext) }

  /// Whether a sync has failed since the queue was recovered: what was written then is lost although
  /// the kernel no longer says so.
  var hasFailed: Bool { page.load(Cell.failures) != 0 }

  func recordFailure() {
    page.store(1, Cell.failures)
  }

  /// The appended end; the holder of the lock alone may ask.
  var appendedEnd: AppendedEnd {
    let slot = Cell.slots[Int(page.load(Cell.turns) & 1)]
    return AppendedEnd(
      next: page.load(slot), segment: SegmentName(first: page.load(slot + 1)),
      offset: Int(page.load(slot + 2)), unixMilliseconds: Int64(page.load(slot + 3)))
  }

  /// Moves the appended end; the holder of the lock alone may.
  func setAppendedEnd(_ end: AppendedEnd) {
    let turns = page.load(Cell.turns) &+ 1
    let slot = Cell.slots[Int(turns & 1)]
    page.store(end.next, slot)
    page.store(end.segment.first, slot + 1)
    page.store(UInt64(end.offset), slot + 2)
    page.store(UInt64(end.unixMilliseconds), slot + 3)
    page.store(turns, Cell.turns)
  }

  /// Lets readers go up to `next` and wakes them in every process.
  func raiseDurableEnd(to next: UInt64) throws(SystemCallError) {
    page.raise(Cell.durableNext, to: next)
    try poke()
  }

  /// Makes the page say what recovery found; nobody else has the queue open.
  func reset(to end: AppendedEnd) throws(SystemCallError) {
    page.store(0, Cell.failures)
    setAppendedEnd(end)
    page.store(end.next, Cell.durableNext)
    try poke()
  }

  private func poke() throws(SystemCallError) {
    let value: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0]
    _ = try descriptor.write(value.span, at: Cell.poke * 8)
  }
}
