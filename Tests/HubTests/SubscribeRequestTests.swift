import FileQueue
import Streaming
import Testing

@testable import Hub

struct SubscribeRequestTests {
  private func read(
    _ query: String, path: String? = nil, header: String? = nil
  ) throws -> SubscribeRequest {
    try SubscribeRequest(pathTopic: path, pairs: FormDecoding.pairs(query.utf8), header: header)
  }

  @Test func `the spellings of a topic mean the same`() throws {
    let filters = [
      try read("", path: "orders"), try read("topic=orders"), try read("stream=orders"),
    ].map(\.filter)
    #expect(Set(filters).count == 1)
  }

  @Test(arguments: ["last_event_id", "lastEventID", "lastEventId", "Last-Event-ID"])
  func `the last event id may stand in the query, and the header wins`(name: String) throws {
    #expect(try read("\(name)=a-1").lastEventID == "a-1")
    #expect(try read("\(name)=a-1", header: "b-2").lastEventID == "b-2")
    #expect(try read("\(name)=a-1", header: "").lastEventID == "a-1")
  }

  @Test func `a stream begins behind an event id, and what is none is kept as an excerpt`() throws {
    let id = EventID(epoch: 0x6f2a_91c4, sequence: 42)
    #expect(try read("").start == .next)
    #expect(try read("last_event_id=\(id)").start == .after(id))
    #expect(try read("", header: "6F2A91C4-42").start == .unknown("6F2A91C4-42"))
    let long = String(repeating: "x", count: 1000)
    #expect(try read("", header: long).start == .unknown(long.excerpt()))
  }

  @Test func `percent escapes and plus signs are decoded`() throws {
    let request = try read("topic=two+words&topic=%C3%A9&topic=100%25&topic=50%")
    #expect(request.filter.topics.map(\.text) == ["100%", "50%", "two words", "é"])
    // A mark behind a sign of the syntax belongs to the text.
    let marks = try read("topic=\u{301}a&topic=b%CC%81&\u{301}=1&x=\u{301}")
    #expect(
      marks.filter.topics.map { Array($0.text.utf8) } == [
        Array("b\u{301}".utf8), Array("\u{301}a".utf8),
      ])
  }

  @Test func `a query that is not UTF-8 is a problem`() {
    #expect(throws: Problem.self) { try read("topic=%FF") }
  }

  @Test func `too many topics are a problem`() {
    let query = (0...100).map { "topic=\($0)" }.joined(separator: "&")
    let problem = #expect(throws: Problem.self) { try read(query) }
    #expect(problem?.code == .tooManyTopics)
  }
}
