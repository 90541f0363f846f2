import Support
import Testing

@testable import FileQueue

struct QueueReaderTests {
  @Test func `a cursor at the end sees what is appended later, by whomever`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["old"])
    let queue = try fixture.open()
    let other = try fixture.open()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: queue.durableNext)
    #expect(try fixture.read(queue, &reader, &cursor).isEmpty)
    var appender = try Appender(other, segmentByteCountMaximum: 150)
    for text in ["a", "b", "c", "d", "e"] { _ = try appender.append([fixture.pending(text)]) }
    #expect(try fixture.read(queue, &reader, &cursor) == ["a", "b", "c", "d", "e"])
  }

  @Test func `a read stops at its limit and goes on from there`() throws {
    let fixture = try QueueFixture()
    try fixture.fill((1...9).map { "event \($0)" })
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var counts: [Int] = []
    while true {
      var count = 0
      let outcome = try reader.read(from: &cursor, upTo: 8, byteCountMaximum: 100) { _, _ in
        count += 1
      }
      counts.append(count)
      if outcome == .caughtUp { break }
    }
    #expect(counts.reduce(0, +) == 7)
    #expect(counts.count > 2)
    #expect(cursor.sequence == 8)
  }

  @Test func `a record larger than a chunk is read whole`() throws {
    let fixture = try QueueFixture()
    let large = String(repeating: "weir ", count: 200_000)
    try fixture.fill(["a", large, "b"])
    #expect(try fixture.read(try fixture.open()) == ["a", large, "b"])
  }

  @Test func `a segment that is gone is a gap, and reading goes on behind it`() throws {
    let fixture = try QueueFixture()
    let texts = (1...12).map { "event number \($0)" }
    try fixture.fill(texts, segmentByteCountMaximum: 250)
    let segments = try fixture.directory.names().filter { $0.hasSuffix(".sse") }
    let queue = try fixture.open()
    try fixture.directory.remove(segments[1])
    let found = try fixture.read(queue)
    let gaps = found.filter { $0.hasPrefix("gap") }
    #expect(gaps.count == 1)
    #expect(found.first == texts.first)
    #expect(found.last == texts.last)
  }

  @Test func `who goes on exactly at an event that is gone is told, and then gets the rest`() throws
  {
    let fixture = try QueueFixture()
    let texts = (1...12).map { "event number \($0)" }
    try fixture.fill(texts, segmentByteCountMaximum: 250)
    let segments = try fixture.directory.names().filter { $0.hasSuffix(".sse") }
    let queue = try fixture.open()
    try fixture.directory.remove(segments[0])
    var reader = QueueReader(queue)
    var cursor = Cursor(before: 1)
    let found = try fixture.read(queue, &reader, &cursor)
    #expect(found.first?.hasPrefix("gap 1..<") == true)
    #expect(found.last == texts.last)
    var last = Cursor(before: 12)
    #expect(try fixture.read(queue, &reader, &last) == [texts[11]])
    #expect(last == (try reader.cursor(at: 13)))
  }
}
