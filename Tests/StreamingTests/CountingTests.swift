import Testing

@testable import Figures
@testable import FileQueue
@testable import Streaming

/// What is counted is what the metrics' texts say.
struct CountingTests {
  @Test func `lag is counted for those who get an event live, not for those who read it in turns`()
    throws
  {
    let fixture = try LoopFixture()
    for _ in 0..<200 { try fixture.subscribe(from: 1) }
    try fixture.subscribe(from: 1, topic: "other")
    for number in 0..<25 { try fixture.publish("\(number) " + String(repeating: "x", count: 1000)) }
    fixture.loop.runPass()
    #expect(fixture.loop.behind.count == 200)
    #expect(Histogram.lag.count(in: fixture.counted) == 0)
    fixture.serve()
    #expect(fixture.counted[.deliveries] == 200 * 25)
    #expect(Histogram.lag.count(in: fixture.counted) == 0)
    try fixture.publish("live")
    fixture.loop.runPass()
    #expect(Histogram.lag.count(in: fixture.counted) == 200)
  }

  @Test func `a stream falls where its socket is full, also in the middle of a large event`() throws
  {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    let large = String(repeating: "y", count: 1_000_000)
    for round: UInt64 in 1...2 {
      try fixture.publish(large)
      fixture.loop.runPass()
      #expect(fixture.counted[.falls] == round - 1, "it reads from the queue, as all do")
      fixture.serve()
      #expect(fixture.counted[.streamsBlocked] == 1)
      #expect(fixture.counted[.falls] == round)
      _ = try fixture.textUntilLive()
      #expect(fixture.counted[.falls] == round, "one fall, however often its socket was full")
    }
    // So much that it would have had to wait: no fall, it was never up to date.
    try fixture.resume(after: 0)
    fixture.serve()
    #expect(fixture.counted[.streamsBlocked] == 1)
    #expect(fixture.counted[.falls] == 2)
  }
}
