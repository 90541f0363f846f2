import Support
import Testing

@testable import Figures

struct HistogramTests {
  @Test(arguments: [Histogram.lag, .publish])
  func `a value is in the lowest bucket whose bound it does not pass`(_ histogram: Histogram) {
    var generator = SeededGenerator()
    let bounds = histogram.bounds
    var values = bounds.flatMap { [$0 - 1, $0, $0 + 1] } + [0, .max]
    for _ in 0..<1000 {
      values.append(generator.next() >> UInt64.random(in: 0..<64, using: &generator))
    }
    for value in values {
      let place = bounds.firstIndex { value <= $0 } ?? bounds.count
      #expect(histogram.cell(of: value) == histogram.firstCell + place, "\(value)")
    }
  }

  @Test func `a share of the values does not pass its bound, and passes the bound before`() throws {
    var generator = SeededGenerator()
    for _ in 0..<200 {
      let counters = Counters()
      let values = (0..<Int.random(in: 1...300, using: &generator)).map { _ in
        UInt64.random(in: 0...65_536, using: &generator)
          >> UInt64.random(in: 0..<16, using: &generator)
      }
      for value in values { counters.note(value, in: .lag) }
      for share in [0.5, 0.99, 1] {
        let bound = try #require(Histogram.lag.bound(ofShare: share, in: counters.values))
        let wanted = Double(values.count) * share
        #expect(Double(values.count { $0 <= bound }) >= wanted)
        #expect(bound == 1 || Double(values.count { $0 <= bound / 2 }) < max(1, wanted))
      }
      #expect(Histogram.lag.count(in: counters.values) == UInt64(values.count))
      #expect(counters.values[Histogram.lag.sumCell] == values.reduce(0, +))
    }
  }

  @Test func `values beyond the last bound have none, and no values have none`() {
    let counters = Counters()
    #expect(Histogram.lag.bound(ofShare: 0.5, in: counters.values) == nil)
    counters.note(65_537, in: .lag)
    #expect(Histogram.lag.bound(ofShare: 0.5, in: counters.values) == nil)
    #expect(Histogram.lag.count(in: counters.values) == 1)
  }
}
