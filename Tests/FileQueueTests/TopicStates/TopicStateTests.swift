import EventStream
import Foundation
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

@Suite("ended and deleted topics")
struct TopicStateTests {
  let fixture: TopicStateFixture

  init() throws {
    fixture = try TopicStateFixture()
  }

  @Test func `a topic that has ended takes no event, in whichever process and batch`() throws {
    let queue = try fixture.open()
    let other = try fixture.open()
    var appender = try Appender(queue)
    var otherAppender = try Appender(other)
    let appended = try fixture.append(["a: 1", "b: 2", "a: 3!", "a: 4", "b: 5"], &appender)
    #expect(appended == ["1", "2", "3", "a", "4"])
    #expect(try fixture.append(["a: 6"], &otherAppender) == ["a"])
    #expect(try fixture.append(["b: 7!"], &otherAppender) == ["5"])
    #expect(try fixture.append(["b: 8", "c: 9", "a: 10!"], &appender) == ["b", "6", "a"])
    #expect(try fixture.read(queue, "*") == ["1", "2", "3", "5", "7", "9"])
  }

  @Test func `an event of several topics is refused as a whole, by the one that has ended`() throws
  {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["b: 1!"], &appender)
    let appended = try fixture.append(["a,b: 2", "a,c: 3!", "c: 4", "a: 5"], &appender)
    #expect(appended == ["b", "2", "c", "a"])
    #expect(try fixture.read(queue, "a") == ["3"])
    #expect(queue.end(of: try fixture.topics("a", "b", "c"), before: 3) == 2)
    #expect(queue.end(of: try fixture.topics("a", "b", "c"), before: 2) == nil)
    #expect(queue.end(of: try fixture.topics("a", "d"), before: 3) == nil)
  }

  @Test func `a topic whose name is written otherwise in a head ends too`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["100 %,\u{e9}: 1!"], &appender)
    let appended = try fixture.append(["100 %: 2", "\u{e9}: 3", "e\u{301}: 4"], &appender)
    #expect(appended == ["100 %", "\u{e9}", "2"])
  }

  @Test func `the past of a deleted topic is hidden, and what comes later is not`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1", "b: 2", "a,b: 3", "a: 4!"], &appender)
    #expect(try appender.delete(fixture.topics("a")) == 5)
    #expect(queue.end(of: try fixture.topics("a"), before: 9) == nil)
    #expect(try fixture.append(["a: 5", "b: 6"], &appender) == ["5", "6"])
    for reader in [queue, try fixture.open()] {
      #expect(try fixture.read(reader, "a") == ["5"])
      #expect(try fixture.read(reader, "b") == ["2", "3", "6"])
      #expect(try fixture.read(reader, "*") == ["2", "3", "5", "6"])
      #expect(try fixture.readUnfiltered(reader) == ["2", "3", "5", "6"])
    }
    #expect(try appender.delete(fixture.topics("b")) == 7)
    #expect(try fixture.read(queue, "*") == ["5"])
    #expect(try fixture.queue.read(queue) == ["1", "2", "3", "4", "5", "6"], "it is still there")
  }

  @Test func `what is hidden is so in sealed segments with tables too`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentEventCountMaximum: 1000)
    for batch in 0..<4 {
      _ = try fixture.append((0..<1000).map { "\($0 % 20): \(batch)" }, &appender)
    }
    _ = try appender.delete(fixture.topics("7"))
    _ = try fixture.append(["7: new"], &appender)
    try UpkeepRounds.runOnce(queue)
    #expect(try fixture.directory.names().count { $0.hasSuffix(".topics") } == 4)
    let reopened = try fixture.open()
    #expect(try fixture.read(reopened, "7") == ["new"])
    #expect(try fixture.read(reopened, "8").count == 200)
    #expect(try fixture.read(reopened, "*").count == 3801)
  }

  @Test func `a queue in which no topic ends has no file for it`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1", "b: 2"], &appender)
    #expect(try !fixture.directory.names().contains("topics"))
    #expect(queue.topicStates.isEmpty)
  }

  // MARK: - Files

  @Test func `the file says in lines what has happened`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["x: 1", "orders eu: 2!"], &appender)
    _ = try appender.delete(fixture.topics("x"))
    try appender.seal()
    #expect(
      try fixture.lines() == [
        "weir-topics 1 1", "57caa0e7 seen 1", "bfe3cfc4 end 2 orders%20eu", "b9e21c85 hide 3 x",
        "708f9009 seen 3",
      ])
  }

  @Test func `all of it is there when the queue is opened anew`() throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1", "a: 2!", "b: 3!", "c: 4"], &appender)
      _ = try appender.delete(fixture.topics("b", "c"))
    }
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.append(["a: 5", "b: 6", "c: 7"], &appender) == ["a", "5", "6"])
      #expect(try fixture.read(queue, "*") == ["1", "2", "6", "7"])
    }
  }

  @Test func `a file that says everything is left as it is, whether or not a segment was sealed`()
    throws
  {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1!", "c: 2"], &appender)
      _ = try appender.delete(fixture.topics("c"))
    }
    let before = try fixture.directory.bytes("topics")
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.append(["a: 3", "c: 4"], &appender) == ["a", "3"])
    }
    #expect(try fixture.directory.bytes("topics") == before)
  }

  @Test(arguments: [false, true])
  func `an end whose line is lost is found in the text`(isRolled: Bool) throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1!", "c: 2"], &appender)
      try appender.seal()
      _ = try fixture.append(["b: 3!", "b,c: 4", "d,e: 5!"], &appender)
      if isRolled { try appender.seal() }
    }
    // Behind the first line that says what was seen.
    try fixture.directory.cut(
      "topics", to: fixture.lines()[..<4].joined(separator: "\n").utf8.count + 1)
    try fixture.directory.remove("tail")
    let reader = try Queue(readingAt: fixture.path)
    #expect(reader.endedTopicCount == 4)
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      let refused = try fixture.append(["a: 6", "b: 7", "c: 8", "d: 9", "e: 10"], &appender)
      #expect(refused == ["a", "b", "5", "d", "e"])
    }
  }

  @Test func `what a copy says of events that it has not is void`() throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1", "b: 2"], &appender)
      try appender.seal()
    }
    let early = try fixture.directory.bytes("00000000000000000001.sse")
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["b: 3", "a: 4!", "c: 5"], &appender)
      _ = try appender.delete(fixture.topics("b"))
      try appender.seal()
      _ = try fixture.append(["c: 6!"], &appender)
    }
    for name in try fixture.directory.names() where name.hasPrefix("0") || name == "tail" {
      try fixture.directory.remove(name)
    }
    try fixture.directory.write("00000000000000000001.sse", early)
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.read(queue, "*") == ["1"], "what was deleted stays so")
      let appended = try fixture.append(["a: 7", "b: 8", "c: 9", "c: 10!"], &appender)
      #expect(appended == ["3", "4", "5", "6"])
    }
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.read(queue, "*") == ["1", "7", "8", "9", "10"])
      #expect(try fixture.append(["a: 11", "c: 12"], &appender) == ["7", "c"])
    }
  }

  @Test func `an appender that died before it noted an end has it noted by the next one`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["x: 1!", "b: 2"], &appender)
    let cell = queue.tail.topicLogCell
    _ = try fixture.append(["a: 3!"], &appender)
    queue.tail.setTopics(next: 3, logCell: cell)
    let other = try fixture.open()
    var otherAppender = try Appender(other)
    #expect(try fixture.append(["a: 4", "b: 5"], &otherAppender) == ["a", "4"])
    #expect(queue.end(of: try fixture.topics("a"), before: 9) == 3)
  }

  @Test func `lines that an appender wrote before it died end nothing`() throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["x: 1!", "b: 2"], &appender)
      var line: [UInt8] = []
      TopicLog.append(.end(3), Array("b".utf8).span, to: &line)
      TopicLog.append(.end(3), Array("c".utf8).span, to: &line)
      try fixture.directory.append("topics", line)
      #expect(try fixture.append(["b: 3", "c: 4"], &appender) == ["3", "4"])
    }
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      let appended = try fixture.append(["b: 5", "c: 6", "x: 7", "y: 8!"], &appender)
      #expect(appended == ["5", "6", "x", "7"])
    }
    #expect(try fixture.damage().isEmpty)
  }

  @Test func `damage in the file is told, mended, and costs no end`() throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1!", "b: 2!", "c: 3"], &appender)
      _ = try appender.delete(fixture.topics("c"))
      try appender.seal()
    }
    var bytes = try fixture.directory.bytes("topics")
    let place = try #require(try fixture.lines().firstIndex { $0.hasSuffix("end 2 b") })
    let offset = try fixture.lines()[..<place].joined(separator: "\n").utf8.count + 3
    bytes[offset] ^= 1
    try fixture.directory.write("topics", bytes)
    let told = "topics: DAMAGED at offset \(offset - 2) (no line that weir has written): 17 bytes"
    #expect(try fixture.damage() == [told])
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      let finding = "topics is damaged at offset \(offset - 2)"
      #expect(queue.recovery.findings.contains { $0.contains(finding) })
      #expect(try fixture.append(["a: 4", "b: 5"], &appender) == ["a", "b"])
      #expect(try fixture.read(queue, "*") == ["1", "2"])
    }
    #expect(try fixture.damage().isEmpty)
    try fixture.directory.write("topics", Array("something else\n".utf8))
    #expect(try fixture.damage().count == 1)
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.append(["a: 4", "b: 5"], &appender) == ["a", "b"])
    }
  }

  @Test func `a file that somebody has deleted meanwhile stops what it is needed for`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1!"], &appender)
    try fixture.directory.remove("topics")
    #expect(throws: QueueError.self) { try appender.delete(fixture.topics("a")) }
    #expect(throws: QueueError.self) { try fixture.append(["b: 2!"], &appender) }
    #expect(try fixture.append(["a: 3", "b: 4"], &appender) == ["a", "2"])
  }

  // MARK: - Making it anew

  @Test func `the file is made anew while others use it, and says the same`() throws {
    let queue = try fixture.open()
    let other = try fixture.open()
    var appender = try Appender(queue)
    var otherAppender = try Appender(other)
    for number in 0..<300 {
      _ = try fixture.append(["t\(number % 7): \(number)!"], &appender)
      if number % 7 != 3 { _ = try appender.delete(fixture.topics("t\(number % 7)")) }
    }
    let before = try fixture.lines().count
    try appender.tidyTopics(oldest: 1) { needed, forgotten in
      #expect((needed, forgotten) == (7, 0))
      return true
    }
    #expect(before > 300)
    #expect(try fixture.lines().count == 9)
    #expect(try fixture.append(["t3: x", "t1: y"], &otherAppender) == ["t3", "259"])
    #expect(try fixture.read(other, "*") == ["3", "y"])
    _ = try fixture.append(["t5: z!"], &otherAppender)
    #expect(try fixture.append(["t5: x"], &appender) == ["t5"])
    try appender.tidyTopics(oldest: 9999, endedCountMaximum: 1) { needed, forgotten in
      #expect((needed, forgotten) == (1, 1), "the oldest end, and what hid events that are gone")
      return true
    }
    #expect(try fixture.append(["t3: x", "t5: y"], &otherAppender) == ["261", "t5"])
    #expect(try fixture.directory.names().filter { $0.hasSuffix(".new") } == [])
  }

  @Test func `upkeep makes the file anew when most of it is dead`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    for _ in 0..<6 {
      for number in 0..<100 { _ = try fixture.append(["t\(number): x!"], &appender) }
      _ = try appender.delete((0..<100).map { try Topic("t\($0)") })
    }
    #expect(try fixture.lines().count > 1200)
    try UpkeepRounds.runOnce(queue)
    #expect(try fixture.lines().count == 102)
    #expect(try fixture.append(["t5: x"], &appender) == ["601"])
  }

  // MARK: - Copies

  @Test(arguments: [false, true])
  func `a backup has it, also one that is brought up to date`(asArchive: Bool) throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let backup = fixture.path.removingLastComponent().appending("backup")
    _ = try fixture.append(["a: 1!", "b: 2"], &appender)
    if !asArchive { #expect(try QueueBackup(of: fixture.path).write(to: backup).isEmpty) }
    _ = try appender.delete(fixture.topics("a"))
    _ = try fixture.append(["a: 3", "b: 4!"], &appender)
    let restored = fixture.path.removingLastComponent().appending("restored")
    if asArchive {
      var bytes: [UInt8] = []
      try QueueBackup(of: fixture.path).archive { bytes.append($0) }
      let archive = Once(bytes)
      #expect(try QueueRestore.run(archive: { archive.take() }, to: restored).isEmpty)
    } else {
      #expect(try QueueBackup(of: fixture.path).write(to: backup).isEmpty)
      #expect(try QueueRestore.run(from: backup, to: restored).isEmpty)
    }
    let found = try Queue(at: restored, creating: false)
    var foundAppender = try Appender(found)
    #expect(try fixture.append(["a: 5", "b: 6"], &foundAppender) == ["5", "b"])
    #expect(try fixture.read(found, "*") == ["2", "3", "4", "5"])
  }
}

/// Bytes that are handed out once.
private final class Once: @unchecked Sendable {
  private var bytes: [UInt8]?
  init(_ bytes: [UInt8]) { self.bytes = bytes }
  func take() -> [UInt8]? {
    defer { bytes = nil }
    return bytes
  }
}
