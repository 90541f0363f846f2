import EventStream
import Support
import Testing

@testable import FileQueue

struct EventTemplateTests {
  @Test(arguments: ["", "text", "ä 😀", String(repeating: "x", count: 5000)])
  func `an event of a template is the one that is made without it`(data: String) throws {
    for type in [nil, try EventType("price")] {
      for topics in [[Topic.default], [try Topic("a b"), try Topic("c")]] {
        for (retry, expiresAt) in [(nil, nil), (250, 1_795_611_679_192)] as [(Int?, Int64?)] {
          let template = try EventTemplate(
            type: type, retryMilliseconds: retry, topics: topics, expiresAt: expiresAt)
          let event = try template.event(line: Array(data.utf8).span)
          let other = try PendingEvent(
            Event(type: type, data: data, retryMilliseconds: retry), topics: topics,
            expiresAt: expiresAt)
          #expect(event.content == other.content)
          #expect(event.fieldsByteCount == other.fieldsByteCount)
          #expect(event.topicHash == other.topicHash)
          #expect(event.contentHash == other.contentHash)
        }
      }
    }
  }

  @Test func `an event that is too large is refused at the same size`() throws {
    let template = try EventTemplate(
      type: nil, retryMilliseconds: nil, topics: [.default], expiresAt: nil)
    // Around the largest data: `data: `, a newline, the longest id line and the blank line take the rest.
    for count in [42, 41, 40, 39, 38, 37, 0].map({ QueueLimits.bodyByteCountMaximum - $0 }) {
      let data = [UInt8](repeating: 120, count: count)
      let isTaken = (try? template.event(line: data.span)) != nil
      let other = try? PendingEvent(
        Event(data: String(decoding: data, as: UTF8.self)), topic: .default)
      #expect(isTaken == (other != nil), "\(count) bytes")
    }
  }
}
