import Kernel

/// What one stream loop counts, in plain memory: nothing of it is shared until ``flush(to:now:)``.
///
/// Belongs to the loop's thread.
final class LoopCounts {
  /// As many as ``PageLayout/loopCells``.
  static let cellCount = 80
  private static let first = PageLayout.loopCells.lowerBound

  private var counts = InlineArray<80, UInt64>(repeating: 0)
  private var flushed = InlineArray<80, UInt64>(repeating: 0)
  private let paceCell: Int
  /// Since when, and in how many passes, the pauses were made that are the loop's next pace.
  private var paceBegan: Int64 = 0
  private var pacePassCount: UInt64 = 0
  private var pacePause: UInt64 = 0
  private static let paceNanoseconds: Int64 = 1_000_000_000

  /// - Parameter index: of the loop among those of its worker.
  init(index: Int) {
    paceCell = PageLayout.paceCells.lowerBound + index
  }

  /// Counts.
  func add(_ amount: Int = 1, to count: LoopCount) {
    counts[count.rawValue - Self.first] &+= UInt64(truncatingIfNeeded: amount)
  }

  /// Counts gap events.
  func noteGap(_ reason: GapEvent.Reason, subscriberCount: Int = 1) {
    counts[PageLayout.cell(reason) - Self.first] &+= UInt64(subscriberCount)
  }

  /// Counts a write to a stream.
  ///
  /// - Parameter eventCount: of events whose last byte was in it.
  func noteWrite(byteCount: Int, eventCount: Int) {
    add(to: .writes)
    add(byteCount, to: .sentBytes)
    add(eventCount, to: .deliveries)
  }

  /// Counts how old an event is that so many live subscribers are about to get.
  func noteLag(milliseconds: Int64, subscriberCount: Int) {
    let lag = UInt64(max(0, milliseconds))
    counts[Histogram.lag.cell(of: lag) - Self.first] &+= UInt64(subscriberCount)
    counts[Histogram.lag.sumCell - Self.first] &+= lag &* UInt64(subscriberCount)
  }

  /// Counts a pass and the pause behind it.
  func notePass(pause: Int64) {
    add(to: .passes)
    add(Int(pause), to: .pacingNanoseconds)
    pacePassCount += 1
    pacePause += UInt64(pause)
  }

  /// Counts a stream that goes from one state to another; nil is outside.
  func move(from old: LoopCount?, to new: LoopCount?) {
    if let old { add(-1, to: old) }
    if let new { add(1, to: new) }
  }

  /// Adds to the worker's counters what has come since the last time.
  func flush(to counters: Counters, now: Int64) {
    for place in counts.indices where counts[place] != flushed[place] {
      counters.add(counts[place] &- flushed[place], to: Self.first + place)
      flushed[place] = counts[place]
    }
    guard now - paceBegan >= Self.paceNanoseconds else { return }
    counters.set(paceCell, to: pacePassCount == 0 ? 0 : pacePause / pacePassCount)
    (paceBegan, pacePassCount, pacePause) = (now, 0, 0)
  }
}
