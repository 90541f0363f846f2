import FileQueue
import Kernel
import Testing

@testable import Streaming

struct ReconfigurationTests {
  private func configuration(
    heartbeat: Duration, age: Duration? = nil
  ) -> StreamConfiguration {
    var configuration = StreamConfiguration()
    configuration.heartbeatInterval = heartbeat
    configuration.ageMaximum = age
    return configuration
  }

  @Test func `silences are as long as was said last, and each is waited for once`() throws {
    let fixture = try LoopFixture(configuration(heartbeat: .seconds(3600)), published: ["1"])
    try fixture.subscribe(from: 2)
    try fixture.subscribe(from: 2, topic: "other")
    for _ in 0..<3 { fixture.loop.configure(configuration(heartbeat: .seconds(30))) }
    // A silence each, those who are not live, and nothing of before.
    #expect(fixture.loop.timers.count == 3)
    let latest = fixture.loop.timers.max?.deadline ?? .max
    #expect(latest <= Clock.monotonicNanoseconds() + 30_000_000_000)
    for index in 0..<2 { _ = try fixture.receivedText(by: index) }
    fixture.loop.configure(configuration(heartbeat: .nanoseconds(1)))
    fixture.loop.runTimers()
    for index in 0..<2 { #expect(try fixture.receivedText(by: index).contains(":\n")) }
  }

  @Test func `an age that is said later is counted from the begin of a stream`() throws {
    let fixture = try LoopFixture(configuration(heartbeat: .seconds(15)), published: ["1"])
    try fixture.subscribe(from: 2)
    let begin = Clock.monotonicNanoseconds()
    func endsAt() -> Int64 { fixture.loop.subscribers.all.map(\.endsAt).first ?? 0 }
    #expect(endsAt() == .max)
    fixture.loop.configure(configuration(heartbeat: .seconds(15), age: .seconds(100)))
    let end = endsAt()
    #expect((begin + 79_000_000_000...begin + 100_000_000_000).contains(end))
    fixture.loop.configure(configuration(heartbeat: .seconds(5), age: .seconds(100)))
    #expect(endsAt() == end, "what has not changed is not drawn again")
    let ages = fixture.loop.timers.unordered.filter {
      if case .age = $0.task { true } else { false }
    }
    #expect(ages.count == 1)
    fixture.loop.configure(configuration(heartbeat: .seconds(5)))
    #expect(endsAt() == .max)
    fixture.loop.endAged(now: begin + 1000_000_000_000)
    #expect(fixture.loop.subscribers.count == 1)
  }
}
