import Testing

@testable import Figures

struct LoopCountsTests {
  @Test func `what is flushed is added once, also where a gauge falls`() {
    let counters = Counters()
    let loops = (0..<2).map { LoopCounts(index: $0) }
    for counts in loops {
      counts.noteWhole(eventCount: 2, gap: nil, byteCount: 100, subscriberCount: 3)
      counts.notePart(byteCount: 7)
      counts.move(from: nil, to: .streamsJoining)
      counts.move(from: .streamsJoining, to: .streamsLive)
      counts.flush(to: counters, now: 0)
      counts.flush(to: counters, now: 0)
    }
    #expect(counters.values[.deliveries] == 12)
    #expect(counters.values[.sentBytes] == 614)
    #expect(counters.values[.writes] == 8)
    #expect(counters.values[.streamsLive] == 2)
    #expect(counters.values.openStreamCount == 2)
    loops[0].move(from: .streamsLive, to: .streamsBlocked)
    loops[1].move(from: .streamsLive, to: nil)
    for counts in loops { counts.flush(to: counters, now: 0) }
    #expect(counters.values[.streamsLive] == 0)
    #expect(counters.values.behindStreamCount == 1)
    #expect(counters.values.openStreamCount == 1)
  }

  @Test func `lag is counted once for each subscriber, and a clock set back is no lag`() {
    let counters = Counters()
    let counts = LoopCounts(index: 0)
    counts.noteLag(milliseconds: 3, subscriberCount: 10)
    counts.noteLag(milliseconds: -5, subscriberCount: 90)
    counts.flush(to: counters, now: 0)
    let values = counters.values
    #expect(Histogram.lag.count(in: values) == 100)
    #expect(values[Histogram.lag.sumCell] == 30)
    #expect(Histogram.lag.bound(ofShare: 0.9, in: values) == 1)
    #expect(Histogram.lag.bound(ofShare: 0.99, in: values) == 4)
  }

  @Test func `the pace is the mean wait of the last second, and nothing after a quiet one`() {
    let counters = Counters()
    let counts = LoopCounts(index: 3)
    let cell = PageLayout.paceCells.lowerBound + 3
    let second: Int64 = 1_000_000_000
    counts.flush(to: counters, now: second)
    counts.notePass(now: second)
    counts.noteHeldPass(now: second + 1_000_000)
    counts.noteHeldPass(now: second + 2_000_000)
    counts.notePass(now: second + 5_000_000)
    counts.flush(to: counters, now: second + 6_000_000)
    #expect(counters.values[cell] == 0)
    counts.flush(to: counters, now: 2 * second)
    #expect(counters.values[cell] == 2_000_000)
    #expect(counters.values[.pacingNanoseconds] == 4_000_000)
    counts.flush(to: counters, now: 3 * second)
    #expect(counters.values[cell] == 0)
  }
}
