import Testing

@testable import FileQueue
@testable import Streaming

struct ResumptionTests {
  @Test func `who asks for all gets what is there, is told no gap, and then what comes`() throws {
    let fixture = try LoopFixture(published: ["one", "two", "three"])
    try fixture.remove(segment: 1)
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest))
    fixture.serve()
    try fixture.publish("four")
    fixture.loop.runPass()
    let text = try fixture.receivedText()
    #expect(!text.contains("weir.gap"))
    #expect(
      text.contains("id: \(fixture.queue.epochs.id(of: 1))\n\n"), "who is cut off here goes on")
    #expect(LoopFixture.data(in: text) == ["two", "three", "four"])
  }

  @Test func `all of a queue without events is what comes`() throws {
    let fixture = try LoopFixture()
    try fixture.open(StreamRequest(try TopicFilter([]), from: .oldest))
    fixture.serve()
    try fixture.publish("one")
    fixture.loop.runPass()
    #expect(try fixture.received() == ["one"])
  }
}
