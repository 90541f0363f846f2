import EventStream
import Support
import Testing

@testable import FileQueue

struct AppenderTests {
  @Test func `events get sequences from 1 and are durable when append returns`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    #expect(queue.durableNext == 1)
    #expect(try appender.append([fixture.pending("a"), fixture.pending("b")]).sequences == 1..<3)
    #expect(queue.durableNext == 3)
    #expect(try appender.append([fixture.pending("c")]).sequences == 3..<4)
    #expect(try fixture.read(queue) == ["a", "b", "c"])
  }

  @Test func `a segment that is full is followed by one named after the next sequence`() throws {
    let fixture = try QueueFixture()
    let texts = (1...20).map { "event number \($0)" }
    try fixture.fill(texts, segmentByteCountMaximum: 300)
    let segments = try fixture.directory.names().filter { $0.hasSuffix(".sse") }
    #expect(segments.count > 4)
    let queue = try fixture.open()
    #expect(try fixture.read(queue) == texts)
    for sequence in 1...20 {
      #expect(try fixture.read(queue, from: UInt64(sequence)) == Array(texts[(sequence - 1)...]))
    }
  }

  @Test func `an event larger than a segment gets one of its own`() throws {
    let fixture = try QueueFixture()
    let large = String(repeating: "x", count: 5000)
    try fixture.fill(["a", large, "b"], segmentByteCountMaximum: 300)
    #expect(try fixture.read(try fixture.open()) == ["a", large, "b"])
  }

  @Test func `appenders that take turns share one order without a gap`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let other = try fixture.open()
    var one = try Appender(queue, segmentByteCountMaximum: 400)
    var two = try Appender(other, segmentByteCountMaximum: 400)
    var expected: [String] = []
    for number in 0..<40 {
      expected.append("event \(number)")
      if number % 3 == 0 {
        _ = try two.append([fixture.pending("event \(number)")])
      } else {
        _ = try one.append([fixture.pending("event \(number)")])
      }
    }
    #expect(try fixture.read(queue) == expected)
    #expect(try fixture.read(other) == expected)
    try checkIsSound(fixture)
  }

  @Test func `what a dead appender left behind the appended end is cut`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("a")])
    let name = "00000000000000000001.sse"
    let whole = try fixture.directory.bytes(name)
    let file = try FileHandleForAppending(fixture.path.appending(name))
    // Longer than the record that comes next, which would leave the rest behind its end.
    try file.append(": 2 17 half a record" + String(repeating: "x", count: 1000))
    _ = try appender.append([fixture.pending("b")])
    #expect(try fixture.read(queue) == ["a", "b"])
    let text = try fixture.directory.bytes(name)
    #expect(text.starts(with: whole))
    #expect(text.count == 2 * whole.count)
    try checkIsSound(fixture)
  }

  @Test func `an event over the limit is refused before it gets near the queue`() throws {
    let text = String(repeating: "\n", count: QueueLimits.bodyByteCountMaximum / 7 + 100)
    #expect(throws: QueueError.self) { try PendingEvent(Event(data: text), topic: .default) }
  }

  private func checkIsSound(_ fixture: QueueFixture) throws {
    var damages: [String] = []
    try QueueCheck(fixture.path).run { finding in
      if finding.isDamage { damages.append("\(finding)") }
    }
    #expect(damages.isEmpty)
  }
}
