import EventStream
import Kernel
import Testing

@testable import FileQueue
@testable import Streaming

/// Streams that begin with the last events of their topics.
struct LastEventsTests {
  private func open(
    _ fixture: LoopFixture, _ texts: [String] = [], last count: Int, names: EventNames? = nil,
    isPoll: Bool = false
  ) throws {
    try fixture.open(
      StreamRequest(try TopicFilter(texts), names: names, from: .last(count), isPoll: isPoll))
  }

  @Test func `the last events come first, and then what was published since`() throws {
    let fixture = try LoopFixture(published: (1...9).map { "\($0)" })
    try open(fixture, last: 3)
    try fixture.publish("10")
    fixture.serve()
    try fixture.publish("11")
    fixture.loop.runPass()
    let text = try fixture.receivedText()
    #expect(LoopFixture.data(in: text) == ["7", "8", "9", "10", "11"])
    let ids = text.split(separator: "\n").filter { $0.hasPrefix("id: ") }
    #expect(ids.count == 5, "none before the first event: who is cut off asks again")
  }

  @Test func `where there are none the stream has an id all the same`() throws {
    let fixture = try LoopFixture(published: ["one"])
    try open(fixture, ["none"], last: 3)
    fixture.serve()
    #expect(try fixture.receivedText().contains("id: \(fixture.queue.epochs.id(of: 1))\n\n"))
  }

  @Test func `what has expired or has another name does not count, and no wait is told again`()
    throws
  {
    let fixture = try LoopFixture()
    fixture.wall.set(1_000_000)
    try fixture.publish("1", type: EventType("a"))
    try fixture.publish("2", type: EventType("a"), retry: 5)
    try fixture.publish("3", type: EventType("b"))
    try fixture.publish("4", type: EventType("a"), expiresAt: 999_999)
    try open(fixture, last: 2, names: EventNames(["a"]))
    fixture.serve()
    let text = try fixture.receivedText()
    #expect(LoopFixture.data(in: text) == ["1", "2"])
    #expect(!text.contains("retry: 5"))
  }

  @Test func `large events come in pieces, in their places`() throws {
    let large = String(repeating: "y", count: 100_000)
    let fixture = try LoopFixture(published: ["0", "1", large, "3", large])
    try open(fixture, last: 4)
    let text = try fixture.textUntilLive()
    #expect(text.split(separator: "y", omittingEmptySubsequences: true).count >= 3)
    #expect(text.filter { $0 == "y" }.count == 2 * large.count)
    #expect(!text.contains("data: 0\n") && text.contains("data: 1\n") && text.contains("data: 3\n"))
    try fixture.publish("6")
    fixture.loop.runPass()
    #expect(try fixture.received() == ["6"])
  }

  @Test func `while the queue cannot be read they wait, and come then`() throws {
    let fixture = try LoopFixture(published: ["1", "2", "3"])
    try fixture.withUnreadable(segment: 2) {
      try open(fixture, last: 2)
      fixture.serve()
      #expect(try fixture.received() == [])
    }
    guard case .pausing(let next) = fixture.loop.subscribers.all[0].state else {
      Issue.record("it does not pause")
      return
    }
    fixture.loop.proceed(fixture.loop.subscribers.all[0], next)
    fixture.serve()
    #expect(try fixture.received() == ["2", "3"])
  }

  @Test func `a poll ends with what was there when it came, however it begins`() throws {
    let fixture = try LoopFixture(published: ["1", "2", "3"])
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest, isPoll: true))
    try open(fixture, last: 1, isPoll: true)
    try fixture.open(
      StreamRequest(
        try TopicFilter([]), from: .after(EventID(epoch: fixture.queue.epoch, sequence: 3)),
        isPoll: true))
    try fixture.open(StreamRequest(try TopicFilter([]), from: .next, isPoll: true))
    // Who is not a poll reads on: what it was sent is not for the others.
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest))
    try fixture.publish("4")
    fixture.loop.runPass()
    fixture.serve()
    let received = try (0..<5).map { try fixture.received(by: $0) }
    #expect(received == [["1", "2", "3"], ["3"], [], [], ["1", "2", "3", "4"]])
    #expect(fixture.loop.subscribers.count == 1)
  }

  @Test func `a poll that is broken off has no end that could be taken for the whole`() throws {
    let large = String(repeating: "y", count: 1_000_000)
    let fixture = try LoopFixture(published: ["1"])
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest, isPoll: true))
    fixture.loop.endAll()
    #expect(try !fixture.hasEnd(in: fixture.receivedText()))
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest, isPoll: true))
    fixture.serve()
    #expect(try fixture.hasEnd(in: fixture.receivedText(by: 1)))
    try fixture.publish(large)
    try fixture.open(StreamRequest(try TopicFilter([]), from: .last(1), isPoll: true))
    // It ends when its socket has taken the last piece, not before.
    fixture.serve()
    var text = ""
    for _ in 0..<200 where fixture.loop.subscribers.count > 0 {
      if let subscriber = fixture.loop.subscribers.all.first { fixture.loop.resume(subscriber) }
      fixture.serve(rounds: 1)
      text += try fixture.receivedText(by: 2)
    }
    while case let piece = try fixture.receivedText(by: 2), !piece.isEmpty { text += piece }
    #expect(text.filter { $0 == "y" }.count == large.count)
    #expect(fixture.hasEnd(in: text))
  }
}
