import EventStream
import Kernel
import Support
import Testing

@testable import FileQueue

@Suite("what there is of topics")
struct TopicListingTests {
  /// What is expected of a topic.
  private struct Expected: Hashable {
    var newest: UInt64 = 0
    var eventCount = 0
    var byteCount = 0
    var hasEnded = false
  }

  @Test func `pages tell of all topics what their events tell, whatever the segments`() throws {
    let fixture = try TopicStateFixture()
    var random = SeededGenerator()
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentEventCountMaximum: 300)
    for round in 0..<12 {
      let texts = (0..<100).map { _ in
        let names = (0...Int.random(in: 0...2, using: &random)).map { _ in
          "t \(Int.random(in: 0..<60, using: &random))"
        }
        let mark = Int.random(in: 0..<200, using: &random) == 0 ? "!" : ""
        return "\(names.joined(separator: ",")): \(round)\(mark)"
      }
      _ = try fixture.append(texts, &appender)
      if round % 4 == 2 {
        _ = try appender.delete(fixture.topics("t \(round)", "t \(round + 1)"))
        // Some segments have tables, others have none yet.
        try UpkeepRounds.runOnce(queue)
      }
    }
    var expected: [Topic: Expected] = [:]
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    _ = try reader.read(from: &cursor, byteCountMaximum: 1 << 24) { record, bytes in
      record.forEachTopic(in: bytes) { encoded in
        let state = queue.topicStates.state(of: encoded, hash: Topic.hash64(encoded))
        guard record.sequence >= state.hiddenBefore, let topic = Topic(encoded: encoded) else {
          return
        }
        expected[topic, default: Expected()].newest = record.sequence
        expected[topic]?.eventCount += 1
        expected[topic]?.byteCount += record.byteCount
        expected[topic]?.hasEnded = state.hasEnded
      }
    }
    for pageCount in [1, 7, 1000] {
      var listing = TopicListing(queue)
      var found: [TopicFigures] = []
      var hasMore = true
      while hasMore {
        let page = try listing.page(
          TopicQuery(after: found.last?.topic.text ?? "", countMaximum: pageCount))
        #expect(page.topics.count == pageCount || !page.hasMore)
        found += page.topics
        hasMore = page.hasMore
      }
      #expect(
        found.map(\.topic) == expected.keys.sorted { $0.encoded.span.precedes($1.encoded.span) })
      for figures in found {
        let told = Expected(
          newest: figures.newest, eventCount: figures.eventCount, byteCount: figures.byteCount,
          hasEnded: figures.hasEnded)
        #expect(told == expected[figures.topic], "\(figures.topic)")
        #expect(figures.lastMinuteCount == figures.eventCount)
      }
    }
    var listing = TopicListing(queue)
    let page = try listing.page(TopicQuery(prefix: "t 1", countMaximum: 1000))
    #expect(
      page.topics.map(\.topic)
        == expected.keys.sorted { $0.encoded.span.precedes($1.encoded.span) }
        .filter { $0.text.hasPrefix("t 1") })
    #expect(try listing.figures(of: try Topic("none")) == nil)
  }

  @Test func `a topic that has ended is told of when its events are gone`() throws {
    let fixture = try TopicStateFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1", "a: 2!", "b: 3"], &appender)
    try appender.seal()
    _ = try fixture.append(["c: 4"], &appender)
    try queue.directory.remove(SegmentName(first: 1))
    var listing = TopicListing(queue)
    let topics = try listing.page(TopicQuery(countMaximum: 9)).topics
    #expect(topics.map(\.topic.text) == ["a", "c"])
    #expect(topics[0].newest == 2 && topics[0].eventCount == 0 && topics[0].hasEnded)
  }
}
