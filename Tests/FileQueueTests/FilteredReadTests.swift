import EventStream
import Kernel
import Support
import Testing

@testable import FileQueue

/// A filtered read gives what reading everything and throwing the rest away gives.
struct FilteredReadTests {
  private static let topics = ["orders.eu", "orders.us", "bills", "rare", "orders.eu.west"]
  private static let filters = [
    ["rare"], ["bills"], ["rare", "orders.us"], ["orders.*"], ["orders.>", "rare"], ["none"], [">"],
  ]

  /// Some segments with thousands of events each, of which few are rare.
  private func fill(
    _ fixture: QueueFixture, _ generator: inout SeededGenerator,
    segmentByteCountMaximum: Int = 250_000
  ) throws {
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: segmentByteCountMaximum)
    for _ in 0..<24 {
      let batch = try (0..<300).map { number in
        let isRare = Int.random(in: 0..<400, using: &generator) == 0
        let place = isRare ? 3 : Int.random(in: 0..<40, using: &generator) == 0 ? 1 : 2
        return try fixture.pending("\(number)", topic: Topic(Self.topics[place]))
      }
      _ = try appender.append(batch)
    }
    _ = try appender.append([fixture.pending("last", topic: Topic("orders.eu.west"))])
  }

  private func makeTables(_ queue: Queue) throws {
    let segments = try queue.directory.segments()
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      #expect(
        try TopicTableBuilder.build(
          segment, next: follower.first, in: queue.directory, epochs: queue.epochs))
    }
  }

  /// The sequences that a filtered read gives, and its gaps.
  private func read(
    _ queue: Queue, _ filter: TopicFilter, from sequence: UInt64, byteCountMaximum: Int
  ) throws -> (sequences: [UInt64], gaps: [Range<UInt64>]) {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: sequence)
    var sequences: [UInt64] = []
    var gaps: [Range<UInt64>] = []
    while true {
      let outcome = try reader.read(
        from: &cursor, matching: filter, byteCountMaximum: byteCountMaximum
      ) { record, _ in sequences.append(record.sequence) }
      switch outcome {
      case .caughtUp: return (sequences, gaps)
      case .more: continue
      case .gap(let gap): gaps.append(gap.missing)
      }
    }
  }

  private func naive(
    _ queue: Queue, _ filter: TopicFilter, from sequence: UInt64
  ) throws -> [UInt64] {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: sequence)
    var sequences: [UInt64] = []
    while true {
      let outcome = try reader.read(from: &cursor, byteCountMaximum: 1 << 20) { record, bytes in
        if filter.matches(record, bytes) { sequences.append(record.sequence) }
      }
      if outcome == .caughtUp { return sequences }
    }
  }

  private func compare(_ queue: Queue, _ generator: inout SeededGenerator) throws {
    for texts in Self.filters {
      let filter = try TopicFilter(texts)
      let start = UInt64.random(in: 1...queue.durableNext, using: &generator)
      let limit = [20_000, 100_000, 1 << 20].randomElement(using: &generator) ?? 1
      for sequence in [1, start] {
        let found = try read(queue, filter, from: sequence, byteCountMaximum: limit)
        #expect(found.sequences == (try naive(queue, filter, from: sequence)), "\(texts)")
        #expect(found.gaps.isEmpty)
      }
    }
  }

  @Test func `it gives the same with tables, with indexes alone, and with neither`() throws {
    var generator = SeededGenerator()
    let fixture = try QueueFixture()
    try fill(fixture, &generator)
    let queue = try fixture.open()
    try compare(queue, &generator)
    try makeTables(queue)
    try compare(queue, &generator)
    for name in try fixture.directory.names() where name.hasSuffix(".idx") {
      try fixture.directory.remove(name)
    }
    try compare(queue, &generator)
    for name in try fixture.directory.names() where name.hasSuffix(".topics") {
      try fixture.directory.remove(name)
    }
    try compare(queue, &generator)
  }

  @Test func `a filter that has nothing in many segments does not look at all of them at once`()
    throws
  {
    var generator = SeededGenerator()
    let fixture = try QueueFixture()
    try fill(fixture, &generator, segmentByteCountMaximum: 70_000)
    let queue = try fixture.open()
    try makeTables(queue)
    let segments = try queue.directory.segments()
    try #require(segments.count > 3)
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var readCount = 0
    while try reader.read(
      from: &cursor, matching: try TopicFilter(["none"]), byteCountMaximum: 40_000, { _, _ in })
      == .more
    {
      readCount += 1
      try #require(readCount < 1000)
    }
    #expect(readCount >= segments.count - 1)
  }

  @Test func `a table with any byte changed is not believed`() throws {
    var generator = SeededGenerator()
    let fixture = try QueueFixture()
    try fill(fixture, &generator)
    let queue = try fixture.open()
    try makeTables(queue)
    let filter = try TopicFilter(["rare"])
    let right = try naive(queue, filter, from: 1)
    let name = try #require(try queue.directory.segments().first).topicsFile
    let table = try fixture.directory.bytes(name)
    for _ in 0..<200 {
      var wrong = table
      let position = Int.random(in: 0..<table.count, using: &generator)
      wrong[position] ^= UInt8.random(in: 1...255, using: &generator)
      try fixture.directory.write(wrong, to: name)
      #expect(
        try read(queue, filter, from: 1, byteCountMaximum: 1 << 20).sequences == right,
        "byte \(position)")
    }
  }

  @Test func `damage between the matches is told as a gap`() throws {
    var generator = SeededGenerator()
    let fixture = try QueueFixture()
    try fill(fixture, &generator)
    var queue: Queue? = try fixture.open()
    let segment = try #require(try queue?.directory.segments().first)
    queue = nil
    var text = try fixture.directory.bytes(segment.textFile)
    text[text.count / 2] ^= 0x80
    try fixture.directory.write(text, to: segment.textFile)
    try fixture.directory.remove(segment.indexFile)
    let opened = try fixture.open()
    let found = try read(
      opened, TopicFilter(["rare"]), from: 1, byteCountMaximum: 1 << 20)
    #expect(found.gaps.count == 1)
    #expect(opened.recovery.missingEventCount == 1)
  }
}

/// Tables that somebody else has written, with a right checksum.
struct HostileTableTests {
  @Test func `a table with any number in it, and a right checksum, traps nothing`() throws {
    let fixture = try QueueFixture(inMemory: true)
    var queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 100_000)
    for number in 0..<4 {
      _ = try appender.append(
        (0..<600).map { try fixture.pending("\(number)", topic: Topic("t\($0 % 40)")) })
    }
    let segments = try queue.directory.segments()
    _ = try TopicTableBuilder.build(
      segments[0], next: segments[1].first, in: queue.directory, epochs: queue.epochs)
    let right = try fixture.directory.bytes(segments[0].topicsFile)
    let filters = try [["t1"], ["t2", "t39"], ["*"], ["t1", "x.*"]].map { try TopicFilter($0) }
    for place in stride(from: 8, to: TopicTable.headerByteCount + 72, by: 4) where place != 16 {
      for number in [0, 1, 7, 0x7FFF_FFFF, 0xFFFF_FFFF] as [UInt32] {
        var bytes = right
        var word: [UInt8] = []
        word.append(littleEndian: number)
        bytes.replaceSubrange(place..<(place + 4), with: word)
        var checksum: [UInt8] = []
        checksum.append(littleEndian: CRC32C.of(bytes.span.extracting(20...)))
        bytes.replaceSubrange(16..<20, with: checksum)
        try fixture.directory.write(bytes, to: segments[0].topicsFile)
        queue = try fixture.open()
        for filter in filters {
          var reader = QueueReader(queue)
          var cursor = try reader.cursor(at: 1)
          while try reader.read(
            from: &cursor, matching: filter, byteCountMaximum: 1 << 20, { _, _ in }) != .caughtUp
          {}
          #expect(cursor.sequence == 2401)
          var search = try reader.search(lastOf: filter, count: 3, before: .max)
          var stepCount = 0
          while !search.isDone, stepCount < 1000 {
            try reader.step(&search) { _, _ in true }
            stepCount += 1
          }
          #expect(search.isDone)
        }
      }
    }
  }
}
