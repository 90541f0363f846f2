import EventStream
import Foundation
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// What happens to ids where a queue is copied, put back, moved, or found after a start of the machine.
struct EpochTests {
  private func copy(_ fixture: QueueFixture, to other: QueueFixture) throws {
    try other.directory.empty()
    for name in try fixture.directory.names() {
      try FileManager.default.copyItem(
        atPath: fixture.path.appending(name).string, toPath: other.path.appending(name).string)
    }
  }

  private func ids(_ queue: Queue) throws -> [String] {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: try queue.oldestSequence())
    var ids: [String] = []
    while try reader.read(
      from: &cursor, byteCountMaximum: 1000,
      { record, bytes in
        var text: [UInt8] = []
        for index in record.body { text.append(bytes[index]) }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        ids.append(String(lines.last?.dropFirst(4) ?? ""))
      }) != .caughtUp
    {}
    return ids
  }

  @Test func `a copy begins a new epoch behind its last event, and the original keeps its own`()
    throws
  {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let epoch = try fixture.open().epoch
    let other = try QueueFixture()
    try copy(fixture, to: other)
    try other.fill(["c"])
    let copied = try other.open()
    #expect(copied.epoch != epoch)
    #expect(try fixture.read(copied) == ["a", "b", "c"])
    let digits = "\(HexadecimalDigits(epoch))"
    #expect(
      try ids(copied) == ["\(digits)-1", "\(digits)-2", "\(copied.epochs.currentDigits)-3"])
    #expect(try fixture.open().epoch == epoch)
    #expect(try other.open().epoch == copied.epoch, "once")
    var findings: [QueueFinding] = []
    try QueueCheck(other.path).run { findings.append($0) }
    #expect(findings.filter(\.isDamage).isEmpty)
  }

  @Test func `an id of the time that a restore has undone is told from one that is known`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let backup = try QueueFixture()
    try copy(fixture, to: backup)
    try fixture.fill(["lost", "lost too"])
    let lost = try fixture.open().epoch
    try copy(backup, to: fixture)
    try fixture.fill(["c", "d", "e"])
    let queue = try fixture.open()
    func place(_ epoch: UInt32, _ sequence: UInt64) -> IDPlace {
      queue.place(of: EventID(epoch: epoch, sequence: sequence))
    }
    #expect(place(lost, 0) == .known)
    #expect(place(lost, 2) == .known)
    #expect(place(lost, 3) == .lost(next: 3))
    #expect(place(lost, 4) == .lost(next: 3))
    #expect(place(queue.epoch, 1) == .unknown)
    #expect(place(queue.epoch, 2) == .known)
    #expect(place(queue.epoch, 5) == .known)
    #expect(place(queue.epoch, 6) == .ahead)
    #expect(place(lost ^ queue.epoch ^ 1, 1) == .unknown)
    #expect(place(lost, .max) == .lost(next: 3))
    #expect(place(queue.epoch, .max) == .ahead)
  }

  @Test func `a copy that is opened lists its epochs, the newest first`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let other = try QueueFixture()
    try copy(fixture, to: other)
    let (first, second) = (try fixture.open().epochs, try other.open().epochs)
    let content = "weir-queue 2 \(second.currentDigits) 3\n\(first.currentDigits) 1\n"
    #expect(try other.directory.bytes("epoch") == Array(content.utf8))
    #expect(try QueueFigures(readingQueueAt: other.path).epochs == second)
  }

  @Test func `a folder that is moved keeps its epoch`() throws {
    let fixture = try QueueFixture()
    let path = fixture.path.appending("one")
    let epoch = try Queue(at: path, creating: true).epoch
    try FileSystem.rename(path, to: fixture.path.appending("two"))
    #expect(try Queue(at: fixture.path.appending("two"), creating: false).epoch == epoch)
  }

  @Test(arguments: [["tail"], ["tail", "00000000000000000001.sse", "00000000000000000001.idx"]])
  func `files that are put back in place, into the same folder, begin a new epoch`(
    names: [String]
  ) throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let backup = try names.map { ($0, try fixture.directory.bytes($0)) }
    try fixture.fill(["b"])
    let epoch = try fixture.open().epoch
    // The kernel dates what the queue itself stores by a time that may be a little late.
    Clock.pause(QueueLimits.tailTouchTolerance + .milliseconds(100))
    #expect(try fixture.open().epoch == epoch)
    Clock.pause(QueueLimits.tailTouchTolerance + .milliseconds(100))
    for (name, bytes) in backup { try fixture.directory.overwrite(name, with: bytes) }
    #expect(try fixture.open().epoch != epoch)
  }

  @Test func `a start of the machine begins a new epoch`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let epoch = try fixture.open().epoch
    var page = try fixture.directory.bytes("tail")
    page[40 * 8] ^= 1
    try fixture.directory.overwrite("tail", with: page)
    let queue = try fixture.open()
    #expect(queue.epoch != epoch)
    #expect(queue.recovery.newEpoch?.contains("machine was started") == true)
    #expect(try fixture.read(queue) == ["a"])
  }

  @Test func `a queue that a weir has open which notes no home is opened beside it`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    try withExtendedLifetime(queue) { _ in
      let page = try Descriptor.open(fixture.path.appending("tail"), .readWrite)
      try page.writeAll([UInt8](repeating: 0, count: QueueHome.cellCount * 8).span, at: 40 * 8)
      try fixture.fill(["a"])
      #expect(try fixture.read(queue) == ["a"])
    }
  }

  @Test func `a copy of hard links writes nothing into the original`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let other = try QueueFixture()
    try withExtendedLifetime(try fixture.open()) { _ in
      for name in try fixture.directory.names() {
        try FileManager.default.linkItem(
          atPath: fixture.path.appending(name).string, toPath: other.path.appending(name).string)
      }
      let error = #expect(throws: QueueError.self) { try other.open() }
      #expect("\(error.map { "\($0)" } ?? "")".contains("hard links"))
    }
    let before = try fixture.directory.bytes("00000000000000000001.sse")
    try other.fill(["b"])
    #expect(try fixture.directory.bytes("00000000000000000001.sse") == before)
    #expect(try fixture.read(try fixture.open()) == ["a"])
    #expect(try other.read(try other.open()) == ["a", "b"])
  }

  @Test func `a copy of hard links without the page leaves what the original appends`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a"])
    let other = try QueueFixture()
    for name in try fixture.directory.names() where name != "tail" {
      try FileManager.default.linkItem(
        atPath: fixture.path.appending(name).string, toPath: other.path.appending(name).string)
    }
    let copied = try other.open()
    try fixture.fill(["b"])
    let before = try fixture.directory.bytes("00000000000000000001.sse")
    var appender = try Appender(copied)
    _ = try appender.append([other.pending("c")])
    #expect(try fixture.directory.bytes("00000000000000000001.sse") == before)
    #expect(try other.read(copied) == ["a", "c"])
    #expect(try fixture.read(try fixture.open()) == ["a", "b"])
  }

  @Test func `a file of epochs says what was written, whatever they are`() throws {
    var random = SeededGenerator()
    for _ in 0..<200 {
      var epochs = Epochs(random.next(upperBound: UInt32.max))
      var first: UInt64 = 1
      for _ in 0..<Int.random(in: 0...20, using: &random) {
        first += UInt64.random(in: 0...3, using: &random)
        let epoch = random.next(upperBound: UInt32.max)
        if epochs.entries.contains(where: { $0.epoch == epoch }) { continue }
        epochs = epochs.beginning(epoch, at: first)
      }
      let content = EpochFile.content(epochs)
      #expect(try EpochFile.parse(content, in: "queue") == epochs, "seed \(SeededGenerator.seed)")
      for sequence in 1...first + 1 {
        #expect(epochs.place(of: epochs.id(of: sequence), next: first + 2) == .known)
      }
    }
  }

  @Test(arguments: [
    "weir-queue 2 6f2a91c4 1", "weir-queue 2 6f2a91c4 2\n", "weir-queue 2 6f2a91c4 1\n6f2a91c4 1\n",
    "weir-queue 2 6f2a91c4 1\n00000000 5\n", "weir-queue 2 6f2a91c4 01\n",
    "weir-queue 2 6F2A91C4 1\n",
    "weir-queue 2 6f2a91c4 5\n6f2a91c5 1 \n", "weir-queue 2 6f2a91c4 5 5\n6f2a91c5 1\n",
    "weir-queue 1 6f2a91c4\n6f2a91c5 1\n",
    "weir-queue 2 6f2a91c4 1000000000000000000\n6f2a91c5 1\n",
  ])
  func `a damaged list of epochs is refused`(content: String) {
    let error = #expect(throws: QueueError.self) {
      try EpochFile.parse(Array(content.utf8), in: "queue")
    }
    guard case .badEpochFile = error else {
      Issue.record("\(String(describing: error))")
      return
    }
  }

  @Test(arguments: [UInt64(8), 9])
  func `a home is known again, also where files are on another device than folders`(
    tailDevice: UInt64
  ) {
    let folder = FileIdentity(device: 8, inode: 1, birthUnixNanoseconds: 5)
    let tail = FileIdentity(device: tailDevice, inode: 2, birthUnixNanoseconds: 6)
    let home = QueueHome(folder: folder, tail: tail)
    #expect(QueueHome(cells: home.cells) == home)
    #expect(home != QueueHome(folder: folder, tail: folder))
    #expect(home != QueueHome(folder: tail, tail: tail))
  }

  @Test func `of very many epochs those are forgotten that gave no number`() {
    var epochs = Epochs(0).beginning(1, at: 5)
    for epoch in 2...UInt32(QueueLimits.epochCountMaximum) + 10 {
      epochs = epochs.beginning(epoch, at: 5)
    }
    #expect(epochs.entries.count == QueueLimits.epochCountMaximum)
    #expect(epochs.epoch(of: 4) == 0)
    #expect(epochs.epoch(of: 5) == epochs.current)
    #expect(epochs.place(of: EventID(epoch: 1, sequence: 5), next: 9) == .unknown)
    #expect(epochs.place(of: EventID(epoch: 0, sequence: 5), next: 9) == .lost(next: 5))
  }

  @Test func `an epoch file of another queue is refused, and nothing is cut`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b"])
    let other = try QueueFixture()
    _ = try other.open()
    try fixture.directory.overwrite("epoch", with: try other.directory.bytes("epoch"))
    let before = try fixture.directory.bytes("00000000000000000001.sse")
    let error = #expect(throws: QueueError.self) { try fixture.open() }
    #expect("\(error.map { "\($0)" } ?? "")".contains("another queue's"))
    #expect(try fixture.directory.bytes("00000000000000000001.sse") == before)
  }

  @Test(arguments: ["lost+found", ".gitkeep"])
  func `a folder that holds nothing but what is put into empty ones becomes a queue`(
    name: String
  ) throws {
    let fixture = try QueueFixture()
    try fixture.directory.write([], to: name)
    #expect(try fixture.open().durableNext == 1)
  }
}
