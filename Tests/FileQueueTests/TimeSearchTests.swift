import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// Where the events of a time begin.
struct TimeSearchTests {
  private let fixture: QueueFixture
  /// Long ago, so that events may have times of their own.
  private let base: Int64 = 1_600_000_000_000

  init() throws {
    fixture = try QueueFixture(inMemory: true)
  }

  /// Events of so many milliseconds behind the base, in segments of at most so many.
  private func fill(_ times: [Int64], segmentEventCountMaximum: Int = 7) throws -> Queue {
    let queue = try fixture.open()
    var appender = try Appender(
      queue, durability: .none, segmentEventCountMaximum: segmentEventCountMaximum)
    for time in times {
      _ = try appender.append([
        PendingEvent(.init(data: "x"), topic: .default, publishedAt: base + time)
      ])
    }
    return queue
  }

  @Test func `the first event of any time is found, whatever the segments`() throws {
    var random = SeededGenerator()
    var times: [Int64] = [0]
    for _ in 0..<300 { times.append(times[times.count - 1] + .random(in: 0...3, using: &random)) }
    let queue = try fill(times)
    var reader = QueueReader(queue)
    for time in -2...(times[times.count - 1] + 2) {
      let expected: QueueReader.TimePlace =
        times.firstIndex { $0 >= time }.map { .event(UInt64($0 + 1)) } ?? .end(302)
      #expect(try reader.place(since: base + time) == expected)
    }
  }

  @Test func `a queue without events has none of any time`() throws {
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    #expect(try reader.place(since: 0) == .end(1))
    #expect(try reader.place(since: Clock.unixMilliseconds()) == .end(1))
  }

  @Test func `what retention has removed is told where it may be of that time`() throws {
    do { _ = try fill([0, 10, 20, 30, 40, 50], segmentEventCountMaximum: 2) }
    for suffix in ["sse", "idx"] {
      try FileSystem.unlink(fixture.path.appending("00000000000000000001.\(suffix)"))
    }
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    #expect(try reader.place(since: base + 5) == .removed)
    #expect(try reader.place(since: base + 20) == .removed)
    #expect(try reader.place(since: base + 21) == .event(4))
    #expect(try reader.place(since: base + 50) == .event(6))
    #expect(try reader.place(since: base + 51) == .end(7))
  }

  @Test func `where all is removed the last segment tells by when`() throws {
    do {
      let queue = try fill([0, 10])
      var appender = try Appender(queue)
      try appender.seal()
    }
    for suffix in ["sse", "idx"] {
      try FileSystem.unlink(fixture.path.appending("00000000000000000001.\(suffix)"))
    }
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    #expect(try reader.place(since: base) == .removed)
    #expect(try reader.place(since: Clock.unixMilliseconds() + 2000) == .end(3))
  }

  @Test(arguments: 0..<20)
  func `damage hides no event of the time`(damaged: Int) throws {
    let times = (0..<20).map { Int64($0 * 10) }
    do { _ = try fill(times, segmentEventCountMaximum: 100) }
    let path = fixture.path.appending("00000000000000000001.sse")
    do {
      let text = try Descriptor.open(path, .readWrite)
      let byteCount = try text.status().byteCount / 20
      try text.writeAll([0, 0, 0].span, at: damaged * byteCount + byteCount / 2)
    }
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    for time in Int64(0)...190 {
      let first = UInt64((time + 9) / 10 + 1)
      // At most the damaged one is told besides, as a gap.
      switch try reader.place(since: base + time) {
      case .event(let found), .end(let found):
        #expect(found == first || found == UInt64(damaged + 1) && found < first || first > 20)
      case .removed:
        #expect(Bool(false), "nothing was removed")
      }
    }
  }
}
