import EventStream
import Support
import Testing

@testable import FileQueue

/// An event under several topics is one event, found by each of them once.
struct SeveralTopicsTests {
  private let topics = ["one", "two", "three and%", "four", "five"]

  private func topic(_ number: Int) throws -> Topic { try Topic(topics[number % topics.count]) }

  /// Events of one to three topics, some in sealed segments.
  private func fill(_ queue: Queue) throws {
    var appender = try Appender(queue, segmentByteCountMaximum: 100_000)
    for number in 0..<3000 {
      let own = try (0...(number % 40 == 0 ? 2 : 0)).map { try topic(number / 40 + $0) }
      _ = try appender.append([try PendingEvent(Event(data: "\(number)"), topics: own)])
    }
  }

  private func sequences(_ queue: Queue, _ texts: [String]) throws -> [UInt64] {
    let filter = try TopicFilter(texts)
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var found: [UInt64] = []
    while case .more = try reader.read(
      from: &cursor, matching: filter, byteCountMaximum: 20_000,
      { record, _ in
        found.append(record.sequence)
      })
    {}
    return found
  }

  private func expected(_ texts: Set<String>) -> [UInt64] {
    (0..<3000).filter { number in
      (0...(number % 40 == 0 ? 2 : 0)).contains {
        texts.contains(topics[(number / 40 + $0) % topics.count])
      }
    }.map { UInt64($0) + 1 }
  }

  @Test(arguments: [false, true])
  func `a filter finds them by each topic, once, whatever it reads by`(hasTables: Bool) throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    try fill(queue)
    if hasTables {
      let segments = try queue.directory.segments()
      #expect(segments.count > 2)
      for (segment, follower) in zip(segments, segments.dropFirst()) {
        #expect(
          try TopicTableBuilder.build(
            segment, next: follower.first, in: queue.directory, epochs: queue.epochs))
      }
    }
    for texts in [["one"], ["three and%"], ["one", "two"], ["four", "five", "t*"]] {
      #expect(try sequences(queue, texts) == expected(Set(texts)), "\(texts)")
    }
    #expect(try sequences(queue, [">"]) == (1...3000).map { UInt64($0) })
  }

  @Test func `they stand in the head, each once`() throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let event = try PendingEvent(
      Event(data: "x"),
      topics: [try Topic("a b"), try Topic("c"), try Topic("a b"), try Topic("d")],
      key: try EventKey("k 1"), isEnd: true, expiresAt: 2_000_000_000_000)
    _ = try appender.append([event])
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var heads: [String] = []
    _ = try reader.read(from: &cursor, byteCountMaximum: 1000) { record, bytes in
      record.forEachTopic(in: bytes) { heads.append(Topic(encoded: $0)?.text ?? "none") }
      let isEnd = record.isEnd(in: bytes)
      #expect(isEnd)
      #expect(record.expiresAt == 2_000_000_000_000)
      let key = record.key(in: bytes).map { $0.map { bytes[$0] } }
      #expect(key == event.key?.encoded)
    }
    #expect(heads == ["a b", "c", "d"])
  }

  @Test func `a topic that looks like an attribute is none`() throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([
      try PendingEvent(Event(data: "x"), topic: Topic("a also=b end=1"))
    ])
    #expect(try sequences(queue, ["b"]).isEmpty)
    #expect(try sequences(queue, ["a also=b end=1"]) == [1])
  }

  @Test func `more than the limit are refused with it`() throws {
    let many = try (0...QueueLimits.topicsPerEventCountMaximum).map { try Topic("t\($0)") }
    #expect(throws: QueueError.self) { try PendingEvent(Event(data: "x"), topics: many) }
    let long = try (0..<90).map { try Topic("\($0)" + String(repeating: "x", count: 200)) }
    #expect(throws: QueueError.self) { try PendingEvent(Event(data: "x"), topics: long) }
    _ = try PendingEvent(Event(data: "x"), topics: Array(many.dropLast()))
  }

  @Test func `the longest head is read back`() throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let length = QueueLimits.topicsByteCountMaximum / QueueLimits.topicsPerEventCountMaximum - 6
    let topics = try (100..<200).map {
      try Topic("\($0)" + String(repeating: "x", count: length + 3))
    }
    let key = try EventKey(String(repeating: "%", count: QueueLimits.keyByteCountMaximum))
    _ = try appender.append([
      try PendingEvent(
        Event(data: "x"), topics: topics, key: key, isEnd: true, expiresAt: 2_000_000_000_000)
    ])
    #expect(try sequences(queue, ["t"]).isEmpty)
    #expect(try sequences(queue, [topics[99].text]) == [1])
    #expect(try SegmentScannerProbe.count(queue) == 1)
  }

  /// What a scan of the first segment finds.
  private enum SegmentScannerProbe {
    static func count(_ queue: Queue) throws -> Int {
      try SegmentIndex.contents(
        of: SegmentName(first: 1), in: queue.directory, epochs: queue.epochs
      ).scan.recordCount
    }
  }
}
