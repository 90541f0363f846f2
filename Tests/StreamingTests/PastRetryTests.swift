import EventStream
import Kernel
import Testing

@testable import Figures
@testable import FileQueue
@testable import Streaming

/// `retry:` tells browsers of now how long to wait, not those that come later.
struct PastRetryTests {
  @Test(arguments: [nil, "paid"])
  func `who is live gets an event's retry, and who comes back later does not`(type: String?) throws
  {
    let fixture = try LoopFixture()
    let type = try type.map { try EventType($0) }
    try fixture.subscribe(from: 1)
    try fixture.publish("retry: 1\nx", type: type, retry: 1234)
    fixture.loop.runPass()
    #expect(try fixture.receivedText().contains("retry: 1234\n"))
    try fixture.resume(after: 0)
    fixture.serve()
    let text = try fixture.receivedText(by: 1)
    let line = type.map { "event: \($0)\n" } ?? ""
    #expect(text.contains("\(line)data: retry: 1\ndata: x\nid: "))
    #expect(!text.contains("retry: 1234"))
  }

  @Test func `who comes back before the loop has made its pass does not get it either`() throws {
    let fixture = try LoopFixture()
    try fixture.publish("x", retry: 1234)
    try fixture.resume(after: 0)
    #expect(fixture.loop.feed.sequence < fixture.queue.durableNext)
    fixture.loop.runPass()
    fixture.serve()
    fixture.loop.runPass()
    let text = try fixture.receivedText()
    #expect(text.contains("data: x\n") && !text.contains("retry:"))
    try fixture.publish("y", retry: 5678)
    fixture.serve()
    fixture.loop.runPass()
    #expect(try fixture.receivedText().contains("retry: 5678\ndata: y\n"))
  }

  @Test func `who was there when it was published gets it also where it has fallen behind`() throws
  {
    let fixture = try LoopFixture(published: ["one"])
    try fixture.resume(after: 0)
    try fixture.publish("two", retry: 1234)
    fixture.loop.runPass()
    try fixture.resume(after: 0)
    // Both are behind, at the same place: each gets its own turn where the line tells them apart.
    fixture.serve()
    #expect(try fixture.receivedText(by: 0).contains("retry: 1234\ndata: two\n"))
    let late = try fixture.receivedText(by: 1)
    #expect(late.contains("data: one\n") && late.contains("\ndata: two\n"))
    #expect(!late.contains("retry:"))
  }

  @Test(arguments: [20_000, 200_000])
  func `a large event of the past comes without its retry, and one of now with it`(byteCount: Int)
    throws
  {
    let fixture = try LoopFixture()
    let large = String(repeating: "y", count: byteCount)
    try fixture.publish(large, type: try EventType("paid"), retry: 1234)
    try fixture.resume(after: 0)
    fixture.loop.runPass()
    let past = try fixture.textUntilLive()
    #expect(past.contains("event: paid\ndata: yyy") && !past.contains("retry:"))
    #expect(past.filter { $0 == "y" }.count == byteCount)
    #expect(fixture.counted[.deliveries] == 1)
    try fixture.publish(large, retry: 5678)
    fixture.loop.runPass()
    #expect(try fixture.textUntilLive().contains("retry: 5678\ndata: yyy"))
    #expect(fixture.counted[.deliveries] == 2)
  }
}
