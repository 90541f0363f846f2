import Kernel

/// What one stream loop counts, in plain memory: nothing of it is shared until ``flush(to:now:)``.
///
/// Belongs to the loop's thread.
package final class LoopCounts {
  /// As many as ``PageLayout/loopCells``.
  static let cellCount = 80
  private static let first = PageLayout.loopCells.lowerBound

  private var counts = InlineArray<80, UInt64>(repeating: 0)
  private var flushed = InlineArray<80, UInt64>(repeating: 0)
  private let paceCell: Int
  /// Since when a pass has to wait, if one does.
  private var heldSince: Int64?
  /// Since when, and in how many passes, the pauses were made that are the loop's next pace.
  private var paceBegan: Int64 = 0
  private var pacePassCount: UInt64 = 0
  private var pacePause: UInt64 = 0
  private static let paceNanoseconds: Int64 = 1_000_000_000

  /// - Parameter index: of the loop among those of its worker.
  package init(index: Int) {
    paceCell = PageLayout.paceCells.lowerBound + index
  }

  /// Counts.
  package func add(_ amount: Int = 1, to count: LoopCount) {
    counts[count.rawValue - Self.first] &+= UInt64(truncatingIfNeeded: amount)
  }

  /// Counts a write to each of so many subscribers, `byteCount` bytes up to the end of a frame.
  ///
  /// - Parameters:
  ///   - eventCount: events whose last byte is in the frame.
  ///   - gap: why events are missing, where the frame tells so.
  package func noteWhole(
    eventCount: Int, gap: GapReason?, byteCount: Int, subscriberCount: Int
  ) {
    add(subscriberCount, to: .writes)
    add(subscriberCount * byteCount, to: .sentBytes)
    add(subscriberCount * eventCount, to: .deliveries)
    if let gap {
      counts[PageLayout.cell(gap) - Self.first] &+= UInt64(subscriberCount)
    }
  }

  /// Counts a write that did not get to the end of a frame.
  package func notePart(byteCount: Int) {
    add(to: .writes)
    add(byteCount, to: .sentBytes)
  }

  /// Counts how old an event is that so many live subscribers are about to get.
  package func noteLag(milliseconds: Int64, subscriberCount: Int) {
    let lag = UInt64(max(0, milliseconds))
    counts[Histogram.lag.cell(of: lag) - Self.first] &+= UInt64(subscriberCount)
    counts[Histogram.lag.sumCell - Self.first] &+= lag &* UInt64(subscriberCount)
  }

  /// Notes that there are events, but that a pass has to wait.
  package func noteHeldPass(now: Int64) {
    heldSince = heldSince ?? now
  }

  /// Counts a pass that begins, and how long it had to wait.
  package func notePass(now: Int64) {
    let pause = now - (heldSince ?? now)
    heldSince = nil
    add(to: .passes)
    add(Int(pause), to: .pacingNanoseconds)
    pacePassCount += 1
    pacePause += UInt64(pause)
  }

  /// Counts a stream that goes from one state to another; nil is outside.
  package func move(from old: LoopCount?, to new: LoopCount?) {
    if let old { add(-1, to: old) }
    if let new { add(1, to: new) }
  }

  /// Adds to the worker's counters what has come since the last time.
  package func flush(to counters: Counters, now: Int64) {
    for place in counts.indices where counts[place] != flushed[place] {
      counters.add(counts[place] &- flushed[place], to: Self.first + place)
      flushed[place] = counts[place]
    }
    guard now - paceBegan >= Self.paceNanoseconds else { return }
    counters.set(paceCell, to: pacePassCount == 0 ? 0 : pacePause / pacePassCount)
    (paceBegan, pacePassCount, pacePause) = (now, 0, 0)
  }
}
