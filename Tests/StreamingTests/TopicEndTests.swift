import Kernel
import Testing

@testable import FastCGI
@testable import FileQueue
@testable import Streaming

/// Streams end with their topics.
struct TopicEndTests {
  private func isOpen(_ fixture: LoopFixture, streams: Int) -> Bool {
    fixture.loop.subscribers.count == streams
  }

  private func request(_ topics: [String], after sequence: UInt64, _ fixture: LoopFixture) throws
    -> StreamRequest
  {
    StreamRequest(
      try TopicFilter(topics), from: .after(EventID(epoch: fixture.queue.epoch, sequence: sequence))
    )
  }

  @Test func `a live stream ends with the last event of the last of its topics`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a")
    try fixture.subscribe(from: 1, topic: "a", "b")
    try fixture.subscribe(from: 1, topic: "a", ">")
    try fixture.publish("1", topics: ["a"])
    try fixture.publish("2", topics: ["a"], isEnd: true)
    // The end of one that is published before the pass comes to the end of another is not anticipated.
    try fixture.publish("3", topics: ["b", "c"])
    fixture.loop.runPass()
    #expect(try fixture.received(by: 0) == ["1", "2"])
    #expect(try fixture.received(by: 1) == ["1", "2", "3"])
    #expect(isOpen(fixture, streams: 2))
    try fixture.publish("4", topics: ["b", "d"], isEnd: true)
    fixture.loop.runPass()
    #expect(try fixture.received(by: 1) == ["4"])
    #expect(try fixture.received(by: 2) == ["1", "2", "3", "4"])
    #expect(isOpen(fixture, streams: 1))
  }

  @Test func `both ends may come in one pass`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a", "b")
    try fixture.publish("1", topics: ["a"], isEnd: true)
    try fixture.publish("2", topics: ["c"])
    try fixture.publish("3", topics: ["b"], isEnd: true)
    fixture.loop.runPass()
    #expect(try fixture.received() == ["1", "3"])
    #expect(isOpen(fixture, streams: 0))
  }

  @Test func `a large last event is sent whole before the stream ends`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a")
    let large = String(repeating: "x", count: 40_000)
    try fixture.publish(large, topics: ["a"], isEnd: true)
    fixture.loop.runPass()
    fixture.serve()
    #expect(try fixture.receivedText().filter { $0 == "x" }.count == 40_000)
    #expect(isOpen(fixture, streams: 0))
  }

  @Test func `a stream ends although its last event has expired, or has another name`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a")
    try fixture.subscribe(from: 1, topic: "b", names: EventNames(["other"]))
    let time = Clock.unixMilliseconds() + 3_600_000
    try fixture.publish("short", topics: ["a", "b"], isEnd: true, expiresAt: time)
    fixture.wall.set(time)
    fixture.loop.runPass()
    #expect(try fixture.received().isEmpty)
    #expect(isOpen(fixture, streams: 0))
  }

  @Test func `who comes back gets the rest, and nobody is told that all is over before`() throws {
    let fixture = try LoopFixture()
    for number in 1...3 { try fixture.publish("\(number)", topics: ["a"]) }
    try fixture.publish("end", topics: ["a"], isEnd: true)
    fixture.loop.runPass()
    try fixture.open(request(["a"], after: 2, fixture), opening: "opening ", whenOver: "over ")
    fixture.serve()
    let text = try fixture.receivedText()
    #expect(text.hasPrefix("opening ") && !text.contains("over "))
    #expect(LoopFixture.data(in: text) == ["3", "end"])
    #expect(isOpen(fixture, streams: 0))
  }

  @Test(arguments: [false, true])
  func `who is left nothing is told that all is over instead of an opening`(isHidden: Bool) throws {
    let fixture = try LoopFixture()
    let time = Clock.unixMilliseconds() + 3_600_000
    try fixture.publish("1", topics: ["a"])
    try fixture.publish("end", topics: ["a", "b"], isEnd: true, expiresAt: isHidden ? nil : time)
    if isHidden {
      try fixture.delete("a")
      try fixture.publish("new", topics: ["a"], isEnd: true, expiresAt: time)
    }
    fixture.wall.set(time)
    fixture.loop.runPass()
    try fixture.open(request(["a"], after: 1, fixture), opening: "opening ", whenOver: "over ")
    fixture.serve()
    #expect(try fixture.receivedText().hasPrefix("over "))
    #expect(isOpen(fixture, streams: 0))
  }

  @Test func `a stream whose topic was deleted meanwhile begins after all`() throws {
    let fixture = try LoopFixture()
    try fixture.publish("1", topics: ["a"])
    try fixture.publish("end", topics: ["a"], isEnd: true)
    fixture.loop.runPass()
    try fixture.delete("a")
    try fixture.open(request(["a"], after: 1, fixture), opening: "opening ", whenOver: "over ")
    fixture.serve()
    #expect(try fixture.receivedText() == "opening ")
    try fixture.publish("new", topics: ["a"])
    fixture.loop.runPass()
    #expect(try fixture.received() == ["new"])
    #expect(isOpen(fixture, streams: 1))
  }

  @Test func `a stream that is held back is opened before the worker stops`() throws {
    let fixture = try LoopFixture()
    for number in 1...400 { try fixture.publish("\(number)", topics: ["x"]) }
    try fixture.publish("end", topics: ["a"], isEnd: true)
    fixture.loop.runPass()
    try fixture.open(request(["a"], after: 1, fixture), opening: "opening ", whenOver: "over ")
    fixture.loop.breakSilenceOfOthers(now: Clock.monotonicNanoseconds())
    #expect(try fixture.receivedText() == "")
    fixture.loop.endAll()
    #expect(try fixture.receivedText().hasPrefix("opening "))
  }

  @Test func `what was deleted is not replayed, and nothing that was live is taken back`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a")
    try fixture.publish("1", topics: ["a"])
    try fixture.publish("2", topics: ["b"])
    try fixture.delete("a")
    fixture.loop.runPass()
    #expect(try fixture.received() == ["1"])
    try fixture.open(request([">"], after: 0, fixture))
    fixture.serve()
    #expect(try fixture.received(by: 1) == ["2"])
  }
}
