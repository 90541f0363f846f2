import Testing

@testable import Figures

struct PageLayoutTests {
  @Test func `no two things are counted in the same cell, and all cells are in the page`() {
    var owners: [Int: String] = [:]
    for area in PageLayout.areas {
      for cell in area.cells {
        #expect((0..<PageLayout.cellCount).contains(cell))
        let other = owners.updateValue(area.name, forKey: cell)
        #expect(other == nil, "\(area.name) and \(other ?? "") have cell \(cell)")
      }
    }
  }

  @Test func `the cells that a stream loop counts in are those that it flushes`() {
    let cells =
      LoopCount.allCases.map(\.rawValue) + GapReason.allCases.map { PageLayout.cell($0) }
      + Array(Histogram.lag.cells)
    #expect(cells.allSatisfy(PageLayout.loopCells.contains))
    #expect(PageLayout.loopCells.count == LoopCounts.cellCount)
  }

  @Test func `gauges are forgotten with the worker, counts are not`() {
    for count in LoopCount.allCases {
      let isGauge =
        "\(count)".hasPrefix("streams")
        && !["streamsOpened", "streamsClosed"]
          .contains("\(count)")
      #expect(PageLayout.gaugeCells.contains(count.rawValue) == isGauge)
      #expect(PageLayout.countCells.contains(count.rawValue) == !isGauge)
    }
  }
}
