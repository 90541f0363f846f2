import EventStream
import Kernel
import Support
import Testing

@testable import FileQueue

/// The last events of topics are those that reading everything and keeping the last ones gives.
struct LastSearchTests {
  private static let topics = ["orders.eu", "orders.us", "bills", "rare", "orders.eu.west"]
  private static let filters = [
    ["rare"], ["bills"], ["rare", "orders.us", "none"], ["orders.*"], ["orders.>", "rare"],
    ["none", "no.*"], [">"], ["bills", "bills.*", "*"],
  ]

  /// Some segments; most events are of one topic, a few of several, and some do not count.
  private func fill(
    _ queue: Queue, _ random: inout SeededGenerator, segmentByteCountMaximum: Int = 80_000
  ) throws {
    var appender = try Appender(queue, segmentByteCountMaximum: segmentByteCountMaximum)
    for _ in 0..<10 {
      let batch = try (0..<300).map { _ in
        let place =
          Int.random(in: 0..<400, using: &random) == 0
          ? 3
          : Int.random(in: 0..<40, using: &random) == 0 ? Int.random(in: 0...4, using: &random) : 2
        var topics = [try Topic(Self.topics[place])]
        if Int.random(in: 0..<60, using: &random) == 0 {
          topics.append(try Topic(Self.topics[Int.random(in: 0...4, using: &random)]))
        }
        let counts = Int.random(in: 0..<8, using: &random) > 0
        return try PendingEvent(Event(data: counts ? "yes" : "no"), topics: topics)
      }
      _ = try appender.append(batch)
    }
  }

  private func counts(_ record: RecordLayout, _ bytes: Span<UInt8>) -> Bool {
    bytes[record.body.lowerBound + "data: ".utf8.count] == UInt8(ascii: "y")
  }

  private func find(
    _ queue: Queue, _ filter: TopicFilter, count: Int, before end: UInt64 = .max
  ) throws -> LastSearch {
    var reader = QueueReader(queue)
    var search = try reader.search(lastOf: filter, count: count, before: end)
    var stepCount = 0
    while !search.isDone {
      try reader.step(&search, wants: counts)
      stepCount += 1
      try #require(stepCount < 10_000)
    }
    return search
  }

  /// An event as it counts here.
  private struct Known {
    let sequence: UInt64
    let topics: [Topic]
    let counts: Bool
  }

  private func readAll(_ queue: Queue) throws -> [Known] {
    var all: [Known] = []
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    while try reader.read(
      from: &cursor, byteCountMaximum: 1 << 20,
      { record, bytes in
        var topics: [Topic] = []
        record.forEachTopic(in: bytes) { topics += [Topic(encoded: $0)].compactMap(\.self) }
        all.append(Known(sequence: record.sequence, topics: topics, counts: counts(record, bytes)))
      }) != .caughtUp
    {}
    return all
  }

  private func naive(
    _ all: [Known], _ filter: TopicFilter, count: Int, before end: UInt64
  ) -> [UInt64] {
    let counted = all.filter { $0.counts && $0.sequence < end }
    let found = filter.parts.map { part in
      counted.filter { $0.topics.contains { part.matches($0) } }.map(\.sequence).suffix(count)
    }
    return Set(found.joined()).sorted()
  }

  private func compare(_ queue: Queue, _ random: inout SeededGenerator) throws {
    let all = try readAll(queue)
    for texts in Self.filters {
      let filter = try TopicFilter(texts)
      for count in [1, 7, 300] {
        let end =
          Bool.random(using: &random)
          ? queue.durableNext : UInt64.random(in: 1...queue.durableNext, using: &random)
        let search = try find(queue, filter, count: count, before: end)
        let right = naive(all, filter, count: count, before: end)
        #expect(search.found == right, "\(count) of \(texts) before \(end)")
        if search.gap == nil { continue }
        #expect(queue.recovery.missingEventCount > 0)
      }
    }
  }

  private func makeTables(_ queue: Queue) throws {
    let segments = try queue.directory.segments()
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      _ = try TopicTableBuilder.build(
        segment, next: follower.first, in: queue.directory, epochs: queue.epochs)
    }
  }

  @Test func `they are found with tables, with indexes alone, and with neither`() throws {
    var random = SeededGenerator()
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    try compare(queue, &random)
    try fill(queue, &random)
    try compare(queue, &random)
    try makeTables(queue)
    try compare(queue, &random)
    // A segment that has no table yet, before one that has.
    let first = try #require(try queue.directory.segments().dropFirst().first)
    try fixture.directory.remove(first.topicsFile)
    try compare(queue, &random)
    for name in try fixture.directory.names() where name.hasSuffix(".idx") {
      try fixture.directory.remove(name)
    }
    try compare(queue, &random)
    for name in try fixture.directory.names() where name.hasSuffix(".topics") {
      try fixture.directory.remove(name)
    }
    try compare(queue, &random)
  }

  @Test func `an index that says anything at all changes nothing`() throws {
    var random = SeededGenerator()
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    try fill(queue, &random)
    for _ in 0..<6 {
      let segment = try #require(try queue.directory.segments().randomElement(using: &random))
      var index = try fixture.directory.bytes(segment.indexFile)
      let places = (0..<3).map { _ in Int.random(in: index.indices, using: &random) }
      // Offsets and lengths; a hash that is wrong hides its event.
      for place in places { index[place / 16 * 16 + place % 8] ^= 0x15 }
      try fixture.directory.write(index, to: segment.indexFile)
      try compare(queue, &random)
    }
  }

  @Test func `damage that may have taken some is told`() throws {
    var random = SeededGenerator()
    let fixture = try QueueFixture()
    var queue: Queue? = try fixture.open()
    try fill(try #require(queue), &random)
    let segments = try #require(try queue?.directory.segments())
    queue = nil
    let segment = segments[segments.count / 2]
    var text = try fixture.directory.bytes(segment.textFile)
    for place in 0..<100 { text[text.count / 2 + place] = 0 }
    try fixture.directory.write(text, to: segment.textFile)
    try fixture.directory.remove(segment.indexFile)
    let opened = try fixture.open()
    try compare(opened, &random)
    #expect(try find(opened, TopicFilter(["none"]), count: 1).gap?.reason == .damaged)
    #expect(try find(opened, TopicFilter(["bills"]), count: 1).gap == nil, "they are all behind it")
  }

  @Test func `segments that retention has taken meanwhile have no events`() throws {
    var random = SeededGenerator()
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    try fill(queue, &random)
    try makeTables(queue)
    let segments = try queue.directory.segments()
    let filter = try TopicFilter(["rare"])
    var reader = QueueReader(queue)
    var search = try reader.search(lastOf: filter, count: 1000, before: .max)
    for segment in segments[..<2] { try fixture.directory.remove(segment.textFile) }
    while !search.isDone { try reader.step(&search, wants: counts) }
    #expect(search.found == naive(try readAll(queue), filter, count: 1000, before: .max))
    #expect(search.gap == nil)
  }

  @Test func `what is looked at is in proportion to what is found`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 300_000)
    for _ in 0..<40 {
      _ = try appender.append(
        try (0..<500).map { _ in try fixture.pending("yes", topic: try Topic("many")) })
    }
    try makeTables(queue)
    for (texts, count) in [(["many"], 1), (["many"], 50), (["*"], 1)] {
      var reader = QueueReader(queue)
      var search = try reader.search(lastOf: try TopicFilter(texts), count: count, before: .max)
      var lookCount = 0
      while !search.isDone {
        try reader.step(&search) { _, _ in
          lookCount += 1
          return true
        }
      }
      let limit = texts == ["*"] ? QueueLimits.plainReadEventCountMaximum : count
      #expect(lookCount <= limit, "\(count) of \(texts)")
    }
  }

  @Test func `events are handed out by their numbers, whatever the index says`() throws {
    var random = SeededGenerator()
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    try fill(queue, &random)
    let wanted = (0..<50).map { _ in UInt64.random(in: 1..<queue.durableNext, using: &random) }
    let sequences = Set(wanted).sorted()
    for round in 0..<2 {
      if round == 1 {
        for name in try fixture.directory.names() where name.hasSuffix(".idx") {
          try fixture.directory.remove(name)
        }
      }
      var reader = QueueReader(queue)
      var rest = sequences[...]
      var read: [UInt64] = []
      while !rest.isEmpty {
        let count = try reader.read(rest, byteCountMaximum: 300) { record, _ in
          read.append(record.sequence)
          return read.count % 7 > 0
        }
        rest = rest.dropFirst(count)
      }
      #expect(read == sequences)
    }
  }
}
