import Testing

@testable import FileQueue
@testable import Streaming

/// What a stream says about itself.
struct SignalTests {
  private func request(
    from start: StreamStart = .next, _ signals: Set<StreamSignal>, isPoll: Bool = false
  ) throws -> StreamRequest {
    StreamRequest(try TopicFilter([]), from: start, isPoll: isPoll, signals: signals)
  }

  @Test func `that it is live is told once, between what was and what comes`() throws {
    let fixture = try LoopFixture(published: ["1", "2"])
    try fixture.open(try request(from: .oldest, [.live]))
    try fixture.open(try request(from: .oldest, []))
    fixture.serve()
    try fixture.publish("3")
    fixture.loop.runPass()
    let id = fixture.queue.epochs.id(of: 2)
    #expect(try fixture.received(by: 0) == ["1", "2", "{\"id\":\"\(id)\"}", "3"])
    #expect(try fixture.received(by: 1) == ["1", "2", "3"])
    // Who falls behind and is live again has been told.
    try fixture.publish(String(repeating: "y", count: 100_000))
    fixture.loop.runPass()
    #expect(try !fixture.textUntilLive().contains("weir.live"))
    #expect(fixture.loop.audiences.all.count == 1, "they share what they are sent")
  }

  @Test func `a stream that begins with what comes is told at once where it is`() throws {
    let fixture = try LoopFixture(published: ["1"])
    try fixture.open(try request([.live]))
    let id = fixture.queue.epochs.id(of: 1)
    #expect(
      try fixture.receivedText().hasSuffix(
        "event: weir.live\ndata: {\"id\":\"\(id)\"}\nid: \(id)\n\n"))
    guard case .live = fixture.loop.subscribers.all[0].state else {
      Issue.record("it is not live")
      return
    }
  }

  @Test func `a poll that ends is told up to where it has got everything`() throws {
    let fixture = try LoopFixture(published: ["1", "2"])
    try fixture.open(try request(from: .last(1), [.live], isPoll: true))
    try fixture.publish("3")
    fixture.serve()
    let id = fixture.queue.epochs.id(of: 2)
    #expect(try fixture.received() == ["2", "{\"id\":\"\(id)\"}"])
  }

  @Test
  func `a heartbeat tells the newest id where it is asked for, and what one has who is behind`()
    throws
  {
    var configuration = StreamConfiguration()
    configuration.heartbeatInterval = .nanoseconds(1)
    let fixture = try LoopFixture(configuration, published: ["1", "2", "3"])
    try fixture.open(try request([.heartbeat]))
    try fixture.open(try request([]))
    try fixture.open(
      try request(from: .after(EventID(epoch: fixture.queue.epoch, sequence: 1)), [.heartbeat]))
    for index in 0..<3 { _ = try fixture.receivedText(by: index) }
    fixture.loop.runTimers()
    func heartbeat(_ sequence: UInt64) -> String {
      let id = fixture.queue.epochs.id(of: sequence)
      return "event: weir.heartbeat\ndata: {\"id\":\"\(id)\"}\nid: \(id)\n\n"
    }
    #expect(try fixture.receivedText(by: 0).contains(heartbeat(3)))
    #expect(try !fixture.receivedText(by: 1).contains("weir.heartbeat"))
    #expect(try fixture.receivedText(by: 2).contains(heartbeat(1)), "it has not got the others")
  }
}
