import EventStream
import Foundation
import Kernel
import Support
import Synchronization
import SystemPackage
import Testing

@testable import FileQueue

/// Copies of a queue that is in use, and queues made of them.
struct BackupTests {
  private let fixture: QueueFixture
  private let places: QueueFixture

  init() throws {
    fixture = try QueueFixture()
    places = try QueueFixture()
  }

  private func damage(_ path: FilePath) throws -> [String] {
    var damage: [String] = []
    try QueueCheck(path).run { if $0.isDamage { damage.append("\($0)") } }
    return damage
  }

  private func read(_ path: FilePath) throws -> [String] {
    try fixture.read(try Queue(readingAt: path))
  }

  private func backUp(_ name: String = "backup") throws -> FilePath {
    let path = places.path.appending(name)
    #expect(try QueueBackup(of: fixture.path).write(to: path).isEmpty)
    #expect(try damage(path).isEmpty)
    return path
  }

  private func error(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "none"
    } catch {
      return "\(error)"
    }
  }

  @Test func `a backup has what was on disk, and nothing that comes later`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 200)
    for text in ["a", "b", "c", "d", "e"] { _ = try appender.append([fixture.pending(text)]) }
    let backup = try QueueBackup(of: fixture.path)
    _ = try appender.append([fixture.pending("later")])
    #expect(try backup.write(to: places.path.appending("backup")).isEmpty)
    #expect(try read(places.path.appending("backup")) == ["a", "b", "c", "d", "e"])
    #expect(backup.eventCount == 5)
    #expect(backup.newestID == queue.epochs.id(of: 5))
  }

  @Test(arguments: [false, true])
  func `keys of events that retention has removed are in it`(isArchive: Bool) throws {
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 200)
    func event(_ number: Int) throws -> PendingEvent {
      try PendingEvent(
        Event(data: "\(number)"), topics: [.default], key: try EventKey("k\(number)"))
    }
    for number in 0..<9 { _ = try appender.append([try event(number)]) }
    _ = try backUp()
    var rounds = try UpkeepRounds(
      queue, retention: Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: 2)
    ) { _, _ in }
    rounds.run()
    #expect(try queue.oldestSequence() > 5)
    let path = places.path.appending("backup")
    _ = try backUp()
    // What was interrupted is taken up again.
    let partial = FilePath(path.string + "2.partial")
    _ = try FileSystem.makeDirectory(partial)
    for name in ["00000000000000000001.keys", "00000000000000000002.keys.new"] {
      _ = try Descriptor.open(partial.appending(name), .createIfMissing)
    }
    _ = try backUp("backup2")
    let restored = places.path.appending("restored")
    if isArchive {
      var archive: [UInt8] = []
      try QueueBackup(of: path).archive { bytes in
        for index in bytes.indices { archive.append(bytes[index]) }
      }
      let rest = Mutex(archive)
      _ = try QueueRestore.run(
        archive: {
          rest.withLock { rest in
            defer { rest = [] }
            return rest.isEmpty ? nil : rest
          }
        }, to: restored)
    } else {
      _ = try QueueRestore.run(from: path, to: restored)
    }
    var later = try Appender(try Queue(at: restored, creating: false))
    for number in 0..<9 {
      guard case .appended(let known) = try later.append([try event(number)])[0] else { continue }
      #expect(known.isReplayed && known.sequence == UInt64(number + 1))
    }
  }

  @Test func `keys are in it also where retention has removed all events`() throws {
    let queue = try fixture.open()
    let event = try PendingEvent(
      Event(data: "a"), topics: [.default], key: try EventKey("k"))
    var appender = try Appender(queue)
    _ = try appender.append([event])
    try appender.seal()
    try queue.tail.raiseOldestKept(to: 2)
    try queue.directory.remove(SegmentName(first: 1), keepsKeys: true)
    let path = try backUp()
    let restored = places.path.appending("restored")
    _ = try QueueRestore.run(from: path, to: restored)
    var later = try Appender(try Queue(at: restored, creating: false))
    #expect(try later.append([event])[0].get().isReplayed)
  }

  @Test func `a backup is brought up to date, and forgets what retention has removed`() throws {
    try fixture.fill(["a", "b", "c"], segmentByteCountMaximum: 200)
    let path = try backUp()
    let before = try FileStatus(of: path.appending("00000000000000000001.sse")).identity
    try fixture.fill(["d", "e", "f"], segmentByteCountMaximum: 200)
    _ = try backUp()
    #expect(try read(path) == ["a", "b", "c", "d", "e", "f"])
    #expect(
      try FileStatus(of: path.appending("00000000000000000001.sse")).identity == before,
      "not copied again")
    let queue = try fixture.open()
    var rounds = try UpkeepRounds(
      queue, retention: Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: 2)
    ) { _, _ in }
    rounds.run()
    _ = try backUp()
    #expect(try read(path) == (try fixture.read(queue, from: queue.oldestSequence())))
    #expect(try read(path).count < 6)
  }

  @Test func `a backup of a queue that was restored follows it`() throws {
    try fixture.fill(["a", "b"])
    let path = try backUp()
    try fixture.fill(["lost"])
    _ = try backUp("later")
    try fixture.directory.empty()
    try FileSystem.removeDirectory(fixture.path)
    #expect(try QueueRestore.run(from: path, to: fixture.path).isEmpty)
    try fixture.fill(["c", "d"])
    for name in ["backup", "later"] { #expect(try read(try backUp(name)) == ["a", "b", "c", "d"]) }
  }

  @Test(arguments: [false, true])
  func `a restored queue gives new ids behind the events that it has`(asArchive: Bool) throws {
    try fixture.fill(["a", "b"], segmentByteCountMaximum: 100)
    let epoch = try fixture.open().epoch
    let restored = places.path.appending("restored")
    if asArchive {
      var archive: [UInt8] = []
      try QueueBackup(of: fixture.path).archive { bytes in
        for index in bytes.indices { archive.append(bytes[index]) }
      }
      let rest = Mutex(archive)
      let damage = try QueueRestore.run(
        archive: {
          rest.withLock { rest in
            defer { rest.removeFirst(min(700, rest.count)) }
            return rest.isEmpty ? nil : Array(rest.prefix(700))
          }
        }, to: restored)
      #expect(damage.isEmpty)
    } else {
      #expect(try QueueRestore.run(from: fixture.path, to: restored).isEmpty)
    }
    #expect(try damage(restored).isEmpty)
    let queue = try Queue(at: restored, creating: false)
    var appender = try Appender(queue)
    #expect(try appender.append([fixture.pending("c")]).sequences == 3..<4)
    #expect(try fixture.read(queue) == ["a", "b", "c"])
    #expect(queue.epochs.epoch(of: 2) == epoch)
    #expect(queue.epochs.epoch(of: 3) != epoch)
  }

  @Test(arguments: ["", "lost+found", ".gitkeep", "unfinished"])
  func `a folder that is there and as good as empty is kept, and filled`(with name: String) throws {
    try fixture.fill(["a", "b"], segmentByteCountMaximum: 100)
    for (folder, isRestored) in [("backup", false), ("restored", true)] {
      let path = places.path.appending(folder)
      _ = try FileSystem.makeDirectory(path)
      try FileSystem.setPermissions(path, 0o755)
      if !name.isEmpty { _ = try FileSystem.makeDirectory(path.appending(name)) }
      let before = try FileStatus(of: path)
      let damage =
        isRestored
        ? try QueueRestore.run(from: fixture.path, to: path)
        : try QueueBackup(of: fixture.path).write(to: path)
      #expect(damage.isEmpty)
      #expect(try read(path) == ["a", "b"])
      let after = try FileStatus(of: path)
      #expect(after.identity == before.identity)
      #expect(after.permissions == before.permissions)
      #expect(try FileStatus(of: path.appending("epoch")).permissions == 0o644)
    }
    #expect(try places.directory.names().sorted() == ["backup", "restored"])
  }

  @Test func `what somebody else keeps where a copy is gathered is left alone`() throws {
    try fixture.fill(["a"])
    let folder = places.path.appending("backup.partial")
    _ = try FileSystem.makeDirectory(folder)
    try places.directory.write([1], to: "backup.partial/photo.jpg")
    let message = error {
      _ = try QueueBackup(of: fixture.path).write(to: places.path.appending("backup"))
    }
    #expect(message.contains("photo.jpg is in it"))
    #expect(try FileSystem.names(in: folder) == ["photo.jpg"])
  }

  @Test func `a backup forgets what is derived of a text that it replaces`() throws {
    try fixture.fill(["a", "b"], segmentByteCountMaximum: 200)
    let older = try backUp("older")
    try fixture.fill(["c", "d", "e", "f"], segmentByteCountMaximum: 200)
    let queue = try fixture.open()
    var rounds = try UpkeepRounds(queue, retention: .standard) { _, _ in }
    rounds.run()
    let path = try backUp()
    #expect(try FileSystem.names(in: path).contains("00000000000000000001.topics"))
    let restored = places.path.appending("restored")
    #expect(try QueueRestore.run(from: older, to: restored).isEmpty)
    #expect(try QueueBackup(of: restored).write(to: path).isEmpty)
    #expect(try read(path) == ["a", "b"])
  }

  @Test func `two commands do not fill one folder at once`() throws {
    try fixture.fill(["a"])
    let path = places.path.appending("backup")
    let copy = try UnfinishedCopy(for: path)
    #expect(
      error { _ = try QueueBackup(of: fixture.path).write(to: path) }.contains("another command"))
    try copy.remove()
    #expect(try backUp() == path)
  }

  @Test func `nothing is overwritten`() throws {
    try fixture.fill(["a"])
    let other = places.path.appending("other")
    _ = try Queue(at: other, creating: true)
    #expect(
      error { _ = try QueueRestore.run(from: fixture.path, to: other) }.contains("is in it"))
    #expect(
      error { _ = try QueueBackup(of: fixture.path).write(to: other) }.contains("another queue"))
    try places.directory.write([1], to: "photo.jpg")
    let message = error { _ = try QueueBackup(of: fixture.path).write(to: places.path) }
    #expect(message.contains("other things"))
  }

  @Test func `a backup that somebody serves is not written to`() throws {
    try fixture.fill(["a"])
    let path = try backUp()
    let queue = try Queue(at: path, creating: false)
    withExtendedLifetime(queue) {
      #expect(error { _ = try QueueBackup(of: fixture.path).write(to: path) }.contains("in use"))
    }
  }

  @Test func `what is damaged in a queue is told of its backup`() throws {
    try fixture.fill(["a", "b", "c"], segmentByteCountMaximum: 100)
    var bytes = try fixture.directory.bytes("00000000000000000001.sse")
    bytes[bytes.count / 2] ^= 1
    try fixture.directory.overwrite("00000000000000000001.sse", with: bytes)
    #expect(try !QueueBackup(of: fixture.path).write(to: places.path.appending("backup")).isEmpty)
  }

  @Test func `an archive of any bytes is restored or refused, and leaves nothing behind`() throws {
    try fixture.fill(["a", "b"])
    var archive: [UInt8] = []
    try QueueBackup(of: fixture.path).archive { bytes in
      for index in bytes.indices { archive.append(bytes[index]) }
    }
    var random = SeededGenerator()
    for _ in 0..<100 {
      var bytes = archive
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(
          in: 1...255, using: &random)
      }
      if Bool.random(using: &random) {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      let rest = Mutex(bytes)
      let path = places.path.appending("restored")
      do {
        _ = try QueueRestore.run(
          archive: {
            rest.withLock { rest in
              defer { rest = [] }
              return rest.isEmpty ? nil : rest
            }
          }, to: path)
        try FileManager.default.removeItem(atPath: path.string)
      } catch {
        #expect(try places.directory.names().isEmpty, "\(error), seed \(SeededGenerator.seed)")
      }
    }
  }

  @Test func `names in an archive lead nowhere`() throws {
    for name in ["../../etc/passwd", "/etc/cron.d/x", "workers/0", "lock"] {
      let bytes = TarHeader(name: name, byteCount: 4).bytes + Array("evil".utf8)
      let rest = Mutex<[UInt8]?>(
        bytes + [UInt8](repeating: 0, count: TarHeader.padding(behind: 4) + TarHeader.endByteCount))
      let message = error {
        _ = try QueueRestore.run(
          archive: { rest.withLock { $0.take() } }, to: places.path.appending("restored"))
      }
      #expect(message.contains("no file `epoch`"))
      #expect(try places.directory.names().isEmpty)
    }
  }
}
