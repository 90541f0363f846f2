import Support
import Testing

@testable import FileQueue

struct RecoveryTests {
  private static let name = "00000000000000000001.sse"

  @Test func `a queue that is opened again goes on where it ended`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let epoch = try fixture.open().epoch
    try fixture.fill(["c"])
    let queue = try fixture.open()
    #expect(queue.epoch == epoch)
    #expect(queue.recovery.findings.isEmpty)
    #expect(try fixture.read(queue) == ["a", "b", "c"])
  }

  @Test func `times do not step back because the last segment has none`() throws {
    let fixture = try QueueFixture()
    func append(at time: Int64, thenSeal isSealed: Bool = false) throws {
      var appender = try Appender(try fixture.open())
      let event = try PendingEvent(.init(data: "x"), topic: .default, publishedAt: time)
      _ = try appender.append([event])
      if isSealed { try appender.seal() }
    }
    try append(at: 1_600_000_000_200, thenSeal: true)
    try append(at: 1_600_000_000_100)
    var reader = QueueReader(try fixture.open())
    #expect(
      try reader.time(ofEventBefore: 3, in: SegmentName(first: 2)) == 1_600_000_000_200)
  }

  @Test func `wherever an append was torn, it is cut off and the others survive`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let keep = try fixture.directory.bytes(Self.name).count
    try fixture.fill(["c"])
    let whole = try fixture.directory.bytes(Self.name)
    for length in keep..<whole.count {
      try fixture.directory.write(Array(whole[..<length]), to: Self.name)
      // Without it nobody has the word that the event was acknowledged.
      for name in try fixture.directory.names() where name == "tail" || name.contains("3.") {
        try fixture.directory.remove(name)
      }
      let queue = try fixture.open()
      #expect(try fixture.read(queue) == ["a", "b"], "cut to \(length) bytes")
      #expect(queue.recovery.tornByteCount == length - keep)
      #expect(try fixture.directory.bytes(Self.name).count == keep)
      if length > keep {
        let copy = try fixture.directory.bytes("quarantine/\(Self.name).torn-\(keep)")
        #expect(copy == Array(whole[keep..<length]))
        try fixture.directory.remove("quarantine")
      }
    }
  }

  @Test func `wherever an acknowledged event at the end is damaged, its number is not used again`()
    throws
  {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let keep = try fixture.directory.bytes(Self.name).count
    try fixture.fill(["c"])
    let whole = try fixture.directory.bytes(Self.name)
    let tail = try fixture.directory.bytes("tail")
    for length in keep..<whole.count {
      let damaged = Array(whole[..<length])
      try fixture.directory.write(damaged, to: Self.name)
      try fixture.directory.write(tail, to: "tail")
      let queue = try fixture.open()
      #expect(queue.recovery.missingEventCount == 1)
      #expect(try fixture.directory.bytes(Self.name) == damaged, "damage is never cut")
      var appender = try Appender(queue)
      #expect(try appender.append([fixture.pending("d")]).sequences == 4..<5)
      #expect(try fixture.read(queue) == ["a", "b", "gap 3..<4", "d"], "cut to \(length) bytes")
      #expect(try fixture.read(queue, from: 3) == ["gap 3..<4", "d"])
      for file in ["sse", "idx"] {
        try fixture.directory.remove("00000000000000000004.\(file)")
      }
    }
  }

  @Test func `a segment that was begun when its appender died is forgotten`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    for name in ["00000000000000000003.sse", "00000000000000000003.idx"] {
      try fixture.directory.write([], to: name)
    }
    let queue = try fixture.open()
    queue.tail.setAppendedEnd(
      Tail.AppendedEnd(
        next: 3, segment: SegmentName(first: 1),
        offset: try fixture.directory.bytes(Self.name).count, unixMilliseconds: 0))
    queue.tail.beginning = SegmentName(first: 3)
    var appender = try Appender(queue)
    #expect(try appender.append([fixture.pending("c")]).sequences == 3..<4)
    #expect(try fixture.read(queue) == ["a", "b", "c"])
    #expect(try !fixture.directory.names().contains("00000000000000000003.sse"))
  }

  @Test func `a begun segment that came back with a power cut is forgotten`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c"])
    try fixture.directory.write([], to: "00000000000000000003.sse")
    let queue = try fixture.open()
    #expect(try fixture.read(queue) == ["a", "b", "c"])
    #expect(queue.durableNext == 4)
  }

  @Test func `a last segment that was only torn does not hide what the one before has`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c"])
    try fixture.directory.write([], to: "tail")
    try fixture.directory.write(Array("junk".utf8), to: "00000000000000000002.sse")
    for _ in 0..<2 {
      let queue = try fixture.open()
      #expect(try fixture.read(queue) == ["a", "b", "c"])
      #expect(queue.durableNext == 4)
    }
  }

  @Test(arguments: [([3], ["c", "d"]), ([3, 5], ["gap 3..<4", "d"])])
  func `a read that ends within damage loses nothing that is whole behind it`(
    eighths: [Int], rest: [String]
  ) throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c", "d"])
    var bytes = try fixture.directory.bytes(Self.name)
    for eighth in eighths { bytes[bytes.count * eighth / 8] ^= 0x15 }
    try fixture.directory.write(bytes, to: Self.name)
    let queue = try fixture.open()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 2)
    let outcome = try reader.read(from: &cursor, upTo: 3, byteCountMaximum: 1000) { _, _ in }
    #expect(outcome == .gap(QueueGap(missing: 2..<3, reason: .damaged)))
    #expect(try fixture.read(queue, &reader, &cursor) == rest)
  }

  @Test func `wherever a record in the middle is damaged, the others are read after a gap`() throws
  {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let start = try fixture.directory.bytes(Self.name).count
    try fixture.fill(["b"])
    let end = try fixture.directory.bytes(Self.name).count
    try fixture.fill(["c"])
    let whole = try fixture.directory.bytes(Self.name)
    for position in start..<end {
      var bytes = whole
      bytes[position] ^= 0x15
      try fixture.directory.write(bytes, to: Self.name)
      let queue = try fixture.open()
      #expect(try fixture.read(queue) == ["a", "gap 2..<3", "c"], "byte \(position)")
      #expect(queue.recovery.missingEventCount == 1)
      #expect(try fixture.directory.bytes(Self.name) == bytes, "damage is never cut")
    }
  }

  @Test func `a record that is gone without a trace is a gap`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c"])
    let whole = try fixture.directory.bytes(Self.name)
    let length = whole.count / 3
    try fixture.directory.write(
      Array(whole[..<length] + whole[(2 * length)...]), to: Self.name)
    let queue = try fixture.open()
    #expect(try fixture.read(queue) == ["a", "gap 2..<3", "c"])
    #expect(queue.recovery.missingEventCount == 1)
  }

  @Test func `a damaged tail and all derived files can be gone and nothing is lost`() throws {
    let fixture = try QueueFixture()
    let texts = (1...12).map { "event \($0)" }
    try fixture.fill(texts, segmentByteCountMaximum: 200)
    for name in try fixture.directory.names() where name.hasSuffix(".idx") || name == "tail" {
      try fixture.directory.write([], to: name)
    }
    let queue = try fixture.open()
    #expect(try fixture.read(queue) == texts)
    #expect(try fixture.read(queue, from: 7) == Array(texts[6...]))
  }

  @Test func `an index that lies is not believed`() throws {
    let fixture = try QueueFixture()
    let texts = (1...9).map { "event \($0)" }
    try fixture.fill(texts)
    let queue = try fixture.open()
    let index = "00000000000000000001.idx"
    for position in try fixture.directory.bytes(index).indices {
      let right = try fixture.directory.bytes(index)
      var wrong = right
      wrong[position] ^= 0xFF
      try fixture.directory.write(wrong, to: index)
      #expect(try fixture.read(queue, from: 5) == Array(texts[4...]), "byte \(position)")
      try fixture.directory.write(right, to: index)
    }
  }

  @Test func `a second opener does not recover what the first one has open`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let queue = try fixture.open()
    let handle = try FileHandleForAppending(fixture.path.appending(Self.name))
    try handle.append(": 2 torn")
    let other = try fixture.open()
    #expect(other.recovery.findings.isEmpty)
    #expect(other.durableNext == queue.durableNext)
  }
}
