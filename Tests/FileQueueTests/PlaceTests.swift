import Kernel
import Support
import Synchronization
import SystemPackage
import Testing

@testable import FileQueue

/// A queue whose folder is moved, replaced or read by others while it is open.
struct PlaceTests {
  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func `nothing is appended to a folder that was moved, until it is back`() throws {
    let fixture = try QueueFixture()
    let (path, moved) = (fixture.path.appending("queue"), fixture.path.appending("moved"))
    let queue = try Queue(at: path, creating: true)
    var appender = try Appender(queue)
    let event = try fixture.pending("a")
    _ = try appender.append([event])
    try FileSystem.rename(path, to: moved)
    #expect(try queue.look() == .gone)
    #expect(error { _ = try appender.append([event]) }.contains("was moved or deleted"))
    #expect(error { try appender.probe() }.contains("was moved or deleted"))
    let other = try Queue(at: path, creating: true)
    #expect(try queue.look() == .replaced)
    #expect(error { _ = try appender.append([event]) }.contains("another folder"))
    #expect(other.epoch != queue.epoch)
    try FileSystem.rename(path, to: fixture.path.appending("other"))
    try FileSystem.rename(moved, to: path)
    #expect(try queue.look() == .here)
    #expect(try appender.append([event]).sequences == 2..<3)
  }

  @Test func `a page that was written over in place is noticed by who has appended more`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("a")])
    let older = try fixture.directory.bytes("tail")
    _ = try appender.append([fixture.pending("b")])
    let whole = try fixture.directory.bytes("00000000000000000001.sse")
    let file = try Descriptor.open(fixture.path.appending("tail"), .readWrite)
    try file.writeAll(older.span, at: 0)
    #expect(error { _ = try appender.append([fixture.pending("c")]) }.contains("was deleted"))
    #expect(try fixture.directory.bytes("00000000000000000001.sse") == whole)
  }

  @Test(arguments: ["tail", "lock"])
  func `the upkeep ends a worker whose shared file is another one's now`(name: String) throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var watch = PlaceWatch(queue) { _, _ in }
    let older = try fixture.directory.bytes(name)
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("a")])
    guard case .here = watch.look() else {
      Issue.record("the queue is where it was")
      return
    }
    if name == "lock" { try FileSystem.unlink(fixture.path.appending(name)) }
    let file = try Descriptor.open(fixture.path.appending(name), .createIfMissing)
    try file.writeAll(older.span, at: 0)
    guard case .replaced(let text) = watch.look() else {
      Issue.record("nobody noticed")
      return
    }
    #expect(text.contains("\(name) was deleted or replaced"))
  }

  @Test
  func `the upkeep tells once that the folder is gone, that it is back, and that it is another`()
    throws
  {
    let fixture = try QueueFixture()
    let (path, moved) = (fixture.path.appending("queue"), fixture.path.appending("moved"))
    let queue = try Queue(at: path, creating: true)
    let told = Mutex<[String]>([])
    var watch = PlaceWatch(queue) { isError, text in
      told.withLock { $0.append("\(isError) \(text)") }
    }
    func look() -> String {
      switch watch.look() {
      case .here: "here"
      case .away: "away"
      case .replaced: "replaced"
      }
    }
    #expect(look() == "here")
    try FileSystem.rename(path, to: moved)
    #expect([look(), look()] == ["away", "away"])
    try FileSystem.rename(moved, to: path)
    #expect([look(), look()] == ["here", "here"])
    try FileSystem.rename(path, to: moved)
    _ = try Queue(at: path, creating: true)
    #expect(look() == "replaced")
    let texts = told.withLock { $0 }
    #expect(texts.count == 2)
    #expect(texts.first?.hasPrefix("true the queue's folder was moved") == true)
    #expect(texts.last?.hasSuffix("again") == true)
  }

  @Test func `no numbers that are written into the page in use take anything away`() throws {
    var random = SeededGenerator()
    for round in 0..<200 {
      let fixture = try QueueFixture(inMemory: true)
      let queue = try fixture.open()
      var appender = try Appender(queue)
      for text in ["a", "b", "c"] { _ = try appender.append([fixture.pending(text)]) }
      let whole = try fixture.directory.bytes("00000000000000000001.sse")
      let page = try Descriptor.open(fixture.path.appending("tail"), .readWrite)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        // The two slots, the counter that names the valid one, and what stands around.
        let cell = Int.random(in: 0..<24, using: &random)
        let values: [UInt64] = [0, 1, 2, 4, UInt64.max, 1 << 63, 100, random.next()]
        var bytes: [UInt8] = []
        bytes.append(littleEndian: values.randomElement(using: &random) ?? 0)
        try page.writeAll(bytes.span, at: cell * 8)
      }
      _ = try? appender.append([fixture.pending("d")])
      let after = try fixture.directory.bytes("00000000000000000001.sse")
      #expect(after.starts(with: whole), "round \(round), seed \(SeededGenerator.seed)")
    }
  }

  // MARK: - Reading only

  @Test(arguments: ["nothing", "the page", "the lock", "the indexes"])
  func `who reads only reads everything and changes nothing, without`(what: String) throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c", "d"], segmentByteCountMaximum: 200)
    for name in try fixture.directory.names() {
      if what == "the page" && name == "tail" || what == "the lock" && name == "lock"
        || what == "the indexes" && name.hasSuffix(".idx")
      {
        try fixture.directory.remove(name)
      }
    }
    let before = try fixture.directory.names().map { ($0, try fixture.directory.bytes($0)) }
    let queue = try Queue(readingAt: fixture.path)
    #expect(try fixture.read(queue) == ["a", "b", "c", "d"])
    #expect(error { _ = try Appender(queue) }.contains("for reading only"))
    let after = try fixture.directory.names().map { ($0, try fixture.directory.bytes($0)) }
    #expect(before.map(\.0) == after.map(\.0))
    #expect(before.map(\.1) == after.map(\.1))
  }

  @Test func `who reads only follows what is appended`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let queue = try Queue(readingAt: fixture.path)
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    #expect(try fixture.read(queue, &reader, &cursor) == ["a"])
    try fixture.fill(["b"])
    #expect(try queue.look() == .here)
    #expect(try fixture.read(queue, &reader, &cursor) == ["b"])
  }

  @Test
  func `who reads only is told to look again when somebody makes the page that was not there`()
    throws
  {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    try fixture.directory.remove("tail")
    let queue = try Queue(readingAt: fixture.path)
    #expect(try queue.look() == .here)
    try fixture.fill(["b"])
    #expect(try queue.look() == .replaced)
    #expect(try fixture.read(try Queue(readingAt: fixture.path)) == ["a", "b"])
  }

  @Test func `what a power cut left behind an old page is read`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    var page = try fixture.directory.bytes("tail")
    page[40 * 8] ^= 1  // of another start of the machine
    try fixture.fill(["b"])
    try fixture.directory.overwrite("tail", with: page)
    let queue = try Queue(readingAt: fixture.path)
    #expect(try fixture.read(queue) == ["a", "b"])
    #expect(try QueueFigures(readingQueueAt: fixture.path).next == 3)
  }

  // MARK: - The way to the disk

  @Test func `a probe tries the way to the disk and leaves nothing`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("a")])
    let before = try fixture.directory.bytes("00000000000000000001.sse")
    try appender.probe()
    #expect(try fixture.directory.bytes("00000000000000000001.sse") == before)
    #expect(try appender.append([fixture.pending("b")]).sequences == 2..<3)
    #expect(try fixture.read(queue) == ["a", "b"])
    try fixture.directory.remove("00000000000000000001.sse")
    #expect(error { try appender.probe() }.contains("was deleted"))
  }
}
