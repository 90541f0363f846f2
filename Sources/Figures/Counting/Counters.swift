import Synchronization

/// What a worker counts: 64-bit cells in memory that all of its threads add to, without a lock.
///
/// ``WorkerPages`` puts them where other processes see them.
package final class Counters: Sendable {
  private let cells = InlineArray<512, Atomic<UInt64>> { _ in Atomic(0) }

  /// Nothing counted yet.
  package init() {}

  /// Adds to a cell of ``PageLayout``; any thread may.
  ///
  /// A gauge is lowered by a number that wraps.
  package func add(_ amount: UInt64 = 1, to cell: Int) {
    // Nothing is read by what a count says, so no order is needed.
    cells[cell].wrappingAdd(amount, ordering: .relaxed)
  }

  /// Writes a cell that one thread alone writes.
  package func set(_ cell: Int, to value: UInt64) {
    cells[cell].store(value, ordering: .relaxed)
  }

  /// How much has been counted; any thread may ask.
  package func count(_ count: LoopCount) -> UInt64 {
    cells[count.rawValue].load(ordering: .relaxed)
  }

  /// Counts a value in a histogram; any thread may.
  package func note(_ value: UInt64, in histogram: Histogram) {
    add(to: histogram.cell(of: value))
    add(value, to: histogram.sumCell)
  }

  /// Counts a value so many times in a histogram; any thread may.
  package func note(_ value: UInt64, times count: UInt64, in histogram: Histogram) {
    add(count, to: histogram.cell(of: value))
    add(value &* count, to: histogram.sumCell)
  }

  /// Everything that is counted, at about this moment.
  var values: PageValues {
    var values = PageValues()
    for cell in cells.indices where cell != PageLayout.checksumCell {
      values[cell] = cells[cell].load(ordering: .relaxed)
    }
    return values
  }
}
