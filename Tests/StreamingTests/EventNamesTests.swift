import EventStream
import Testing

@testable import FileQueue
@testable import Streaming

struct EventNamesTests {
  private func takes(
    _ names: EventNames, _ name: String?, data: String = "x", retry: Int? = nil
  ) throws -> Bool {
    var bytes: [UInt8] = []
    let type = try name.map { try EventType($0) }
    EventStreamWriter.appendFields(
      of: Event(type: type, data: data, retryMilliseconds: retry), to: &bytes)
    return names.take(bytes.span)
  }

  @Test func `names are taken to the byte, and message stands for events without one`() throws {
    let names = EventNames(["paid", "message", "é"])
    #expect(try takes(names, "paid"))
    #expect(try takes(names, nil, data: "event: other"))
    #expect(try takes(names, nil, retry: 5))
    #expect(try takes(names, "message"))
    #expect(try takes(names, "é"))
    for other in ["pai", "paids", "Paid", "e\u{301}"] {
      #expect(try !takes(names, other))
    }
    #expect(try !takes(EventNames(["paid"]), nil, data: "paid"))
  }

  @Test func `a stream that keeps some names gets these, live and from the past`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, names: EventNames(["a", "message"]))
    try fixture.subscribe(from: 1)
    let large = String(repeating: "z", count: StreamLimits.framedBodyByteCountMaximum)
    for (name, data) in [("a", "1"), ("b", "2"), (nil, "3"), ("b", large), ("a", "5")] {
      try fixture.publish(data, type: try name.map { try EventType($0) })
    }
    fixture.loop.runPass()
    fixture.serve()
    #expect(try fixture.received(by: 0) == ["1", "3", "5"])
    #expect(try fixture.received(by: 1) == ["1", "2", "3", large, "5"])
    try fixture.open(
      StreamRequest(try TopicFilter([]), names: EventNames(["a", "message"]), from: .oldest))
    fixture.serve()
    #expect(try fixture.received(by: 2) == ["1", "3", "5"])
    #expect(fixture.loop.audiences.all.count == 2)
  }
}
