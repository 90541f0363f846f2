import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

@Suite("the file of topics, made anew and numbered")
struct TopicLogGenerationTests {
  let fixture: TopicStateFixture

  init() throws {
    fixture = try TopicStateFixture()
  }

  /// Puts a file in the place of the one that there is, as who dies before the page names it.
  private func replaceAndDie(_ queue: Queue) throws {
    let (table, log, _) = queue.topicStates.contents
    let generation = try #require(log).generation + 1
    let bytes = TopicLog.content(table, generation: generation, seen: queue.tail.topicsSeen)
    try queue.directory.replace(queue.directory.topicLogPath, with: bytes.span)
  }

  @Test func `who has the file open goes on with one whose writer died before the page named it`()
    throws
  {
    let queue = try fixture.open()
    let other = try fixture.open()
    var appender = try Appender(queue)
    var otherAppender = try Appender(other)
    _ = try fixture.append(["a: 1!", "b: 2"], &appender)
    _ = try fixture.append(["b: 3"], &otherAppender)
    try replaceAndDie(queue)
    #expect(try fixture.append(["c: 4!", "a: 5", "b: 6"], &appender) == ["4", "a", "5"])
    #expect(try fixture.append(["c: 7", "a: 8", "d: 9!"], &otherAppender) == ["c", "a", "6"])
    #expect(try fixture.append(["d: 10"], &appender) == ["d"])
    #expect(try fixture.lines().first == "weir-topics 1 2")
    #expect(TopicLogPlace(cell: queue.tail.topicLogCell)?.generation == 2)
    let third = try fixture.open()
    #expect(third.endedTopicCount == 3)
  }

  @Test(arguments: [false, true])
  func `who opens the queue then knows all that stands in the file, and loses none of it`(
    isAlone: Bool
  ) throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1!", "b: 2"], &appender)
    _ = try appender.delete(fixture.topics("b"))
    try replaceAndDie(queue)
    let reader = try Queue(readingAt: fixture.path)
    #expect(reader.endedTopicCount == 1)
    #expect(try fixture.read(reader, "*") == ["1"])
    #expect(
      TopicLogPlace(cell: queue.tail.topicLogCell)?.generation == 1, "who reads changes nothing")
    let other = try fixture.open()
    var otherAppender = try Appender(other)
    if !isAlone { #expect(try fixture.append(["c: 3!"], &appender) == ["3"]) }
    let appended = try fixture.append(["a: 4", "d: 5!"], &otherAppender)
    #expect(appended == (isAlone ? ["a", "3"] : ["a", "4"]))
    #expect(try fixture.lines().first == "weir-topics 1 2")
    for queue in [queue, reader, try fixture.open()] {
      #expect(queue.endedTopicCount == (isAlone ? 2 : 3))
      #expect(!(try fixture.read(queue, "*").contains("2")))
    }
  }

  @Test func `upkeep goes on with such a file, and does not give its number to another`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try fixture.append(["a: 1!", "b: 2"], &appender)
    try replaceAndDie(queue)
    let reader = try Queue(readingAt: fixture.path)
    #expect(reader.endedTopicCount == 1)
    try appender.tidyTopics(oldest: 1) { _, _ in true }
    #expect(TopicLogPlace(cell: queue.tail.topicLogCell)?.generation == 2)
    _ = try fixture.append(["c: 3!"], &appender)
    #expect(reader.endedTopicCount == 2)
    try appender.tidyTopics(oldest: 1) { _, _ in true }
    #expect(try fixture.lines().first == "weir-topics 1 3")
    #expect(reader.endedTopicCount == 2)
  }

  @Test(arguments: [UInt64.max, 1 << 24, 0])
  func `a generation that no file has makes it anew`(generation: UInt64) throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1!", "b: 2"], &appender)
    }
    try setGeneration(generation)
    #expect(try fixture.damage().count == 1)
    for name in ["c", "d"] {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      #expect(try fixture.append(["a: 3", "\(name): 4!"], &appender).first == "a")
      #expect(try fixture.lines().first == "weir-topics 1 1")
      try appender.tidyTopics(oldest: 1) { _, _ in true }
      #expect(try fixture.append(["\(name): 5"], &appender) == [name])
      try setGeneration(generation)
    }
  }

  @Test func `the number begins anew when nobody has the file with the last one open`() throws {
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      _ = try fixture.append(["a: 1!", "b: 2"], &appender)
      _ = try appender.delete(fixture.topics("b"))
    }
    try setGeneration(TopicLog.generationMaximum - 1)
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue)
      for _ in 0..<2 {
        try appender.tidyTopics(oldest: 1) { _, _ in true }
        #expect(try fixture.lines().first == "weir-topics 1 16777215")
        #expect(try fixture.append(["a: 3"], &appender) == ["a"])
      }
      #expect(try fixture.open().endedTopicCount == 1)
    }
    #expect(try fixture.damage().isEmpty)
    let queue = try fixture.open()
    var appender = try Appender(queue)
    #expect(try fixture.lines().first == "weir-topics 1 1")
    #expect(try fixture.append(["a: 3", "b: 4", "c: 5!"], &appender) == ["a", "3", "4"])
    #expect(try fixture.read(queue, "*") == ["1", "4", "5"])
  }

  private func setGeneration(_ generation: UInt64) throws {
    let bytes = try fixture.directory.bytes("topics")
    let lines = bytes[(try #require(bytes.firstIndex(of: UInt8(ascii: "\n"))) + 1)...]
    try fixture.directory.write("topics", Array("weir-topics 1 \(generation)\n".utf8) + lines)
  }
}
