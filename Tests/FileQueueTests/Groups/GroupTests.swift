import EventStream
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// Groups on a queue, with two workers that share them through the group's file.
@Suite("Groups") struct GroupTests {
  private let fixture: QueueFixture

  init() throws {
    fixture = try QueueFixture(inMemory: true)
  }

  /// A worker's side of the group `g`, which begins with the first event.
  private func worker(
    _ queue: Queue, acknowledgement: Duration? = nil, topic: String = "default",
    start: UInt64 = 1
  ) throws -> Worker {
    try Worker(queue, acknowledgement: acknowledgement, topic: topic, start: start)
  }

  @Test("members of two workers get each event once, in turn")
  func twoWorkers() throws {
    try fixture.fill(["1", "2", "3", "4", "5", "6"])
    let queue = try fixture.open()
    let (one, two) = (try worker(queue), try worker(queue))
    one.join(1)
    #expect(try one.run().map(\.sequence) == [1, 2, 3, 4, 5, 6])
    one.settle(1, [1, 2, 3, 4, 5, 6])
    _ = try one.run()
    two.join(7)
    two.join(8)
    #expect(try two.run() == [])
    try fixture.fill(["7", "8", "9", "10"])
    let queueAgain = try fixture.open()
    #expect(queueAgain.durableNext == 11)
    #expect(try two.run().map { [$0.key, $0.sequence] } == [[7, 8], [8, 9]])
    #expect(try one.run().map { [$0.key, $0.sequence] } == [[1, 7], [1, 10]])
  }

  @Test("what a worker that dies was to send goes to the others' members, marked")
  func deadWorker() throws {
    try fixture.fill(["1", "2", "3"])
    let queue = try fixture.open()
    var one: Worker? = try worker(queue)
    let two = try worker(queue)
    one?.join(1)
    #expect(try one?.run().count == 3)
    two.join(7)
    #expect(try two.run() == [])
    // Its descriptors are closed: what the kernel does when it is killed.
    one = nil
    let again = try two.run()
    #expect(again.map(\.sequence) == [1, 2, 3])
    #expect(again.map(\.redeliveryCount) == [1, 1, 1])
  }

  @Test("members of a worker that was killed take nobody's place")
  func deadMembers() throws {
    let queue = try fixture.open()
    let name = try GroupName("g")
    let terms = GroupTerms(filter: try TopicFilter([]), acknowledgement: nil)
    #expect(try queue.groups.find(name, terms, in: queue) == .isNew)
    var state = GroupState(terms, GroupStart(next: 1), epoch: queue.epochs.current, now: 0)
    for _ in 0..<GroupLimits.memberCountMaximum { _ = state.join(seat: 3, credit: 1) }
    try queue.groups.make(name, state)
    #expect(try queue.groups.find(name, terms, in: queue) == .isThere)
    let one = try worker(queue)
    for key in 0..<UInt64(GroupLimits.memberCountMaximum) { one.join(key) }
    _ = try one.run()
    #expect(throws: GroupError.self) { try queue.groups.find(name, terms, in: queue) }
  }

  @Test("who polls has got everything when nothing waits that it may have")
  func idle() throws {
    try fixture.fill(["1", "2", "3"])
    let queue = try fixture.open()
    let one = try worker(queue, acknowledgement: .seconds(60))
    one.group.note(.join(key: 1, credit: 2))
    one.group.note(.join(key: 2, credit: 2))
    #expect(try one.run().count == 3)
    #expect(one.group.idle(among: [1, 2]) == [])
    one.settle(1, [1, 3])
    #expect(try one.run() == [])
    #expect(one.group.idle(among: [1, 2]) == [1])
    one.settle(2, [2])
    _ = try one.run()
    #expect(one.group.idle(among: [1, 2]) == [1, 2])
    try fixture.fill(["4"])
    #expect(try fixture.open().durableNext == 5)
    #expect(try one.run().map(\.key) == [2])
    #expect(one.group.idle(among: [1, 2]) == [1])
  }

  @Test("the place waits while nobody is there, and begins where the first asks for")
  func waiting() throws {
    try fixture.fill(["1", "2"])
    let queue = try fixture.open()
    do {
      let one = try worker(queue, start: 3)
      one.join(1)
      #expect(try one.run() == [])
      one.group.note(.leave(key: 1, unsure: []))
      _ = try one.run()
      #expect(one.group.isIdle)
    }
    try fixture.fill(["3", "4"])
    let two = try worker(queue, start: 1)
    two.join(1)
    #expect(try two.run().map(\.sequence) == [3, 4])
  }

  @Test("only what its topics want is given, and the place moves over the rest")
  func topics() throws {
    try fixture.fill(["1", "2"], topic: try Topic("a"))
    try fixture.fill(["3"], topic: try Topic("b"))
    try fixture.fill(["4"], topic: try Topic("a"))
    let queue = try fixture.open()
    let one = try worker(queue, topic: "b")
    one.join(1)
    #expect(try one.run().map(\.sequence) == [3])
    let figures = try #require(
      try queue.groups.figures(of: try GroupName("g"), in: try queue.figures()))
    #expect(figures.waiting == 0 && figures.given == 1 && figures.members == 1)
    #expect(figures.place == "\(queue.newestID)")
  }

  @Test("who asks for something else is refused, and told what the group goes by")
  func otherTerms() throws {
    let queue = try fixture.open()
    let one = try worker(queue)
    #expect(throws: GroupError.self) { try worker(queue, topic: "b") }
    #expect(throws: GroupError.self) { try worker(queue, acknowledgement: .seconds(1)) }
    do { _ = try worker(queue, topic: "b") } catch {
      #expect("\(error)".contains("topics=default, no ack"))
    }
    _ = one
  }

  @Test(
    "a name is one that an address and a file can have",
    arguments: [
      (".", false), ("..", false), ("...", true), (".a", true), ("a/b", false), ("", false),
      ("..group", true), (".lock", true),
    ])
  func names(text: String, isName: Bool) throws {
    let name = try? GroupName(text)
    #expect((name != nil) == isName)
    // Never the folder itself, or the one above, or the file of the lock.
    for file in [name?.file, name.map { $0.file + ".new" }].compactMap({ $0 }) {
      #expect(![".", "..", GroupFolder.lockName].contains(file))
    }
    #expect(name.flatMap { GroupName(file: $0.file) } == name)
  }

  @Test("acknowledgements come from whoever has the ids, and ids of other epochs are unknown")
  func acknowledgements() throws {
    try fixture.fill(["1", "2"])
    let queue = try fixture.open()
    let name = try GroupName("g")
    let one = try worker(queue, acknowledgement: .seconds(60))
    one.join(1)
    _ = try one.run()
    one.settle(1, [1, 2])
    _ = try one.run()
    let ids = [queue.epochs.id(of: 1), EventID(epoch: 1, sequence: 2), nil]
    #expect(try queue.groups.acknowledge(ids, of: name, in: queue) == [true, false, false])
    #expect(one.group.hasChanged)
    #expect(throws: GroupError.self) {
      try queue.groups.acknowledge(ids, of: try GroupName("none"), in: queue)
    }
  }

  @Test("a group is removed only without members, a damaged one always")
  func removing() throws {
    let queue = try fixture.open()
    let name = try GroupName("g")
    var one: Worker? = try worker(queue)
    one?.join(1)
    _ = try one?.run()
    #expect(throws: GroupError.self) { try queue.groups.remove(name) }
    one = nil
    try queue.groups.remove(name)
    #expect(try queue.groups.names() == [])
    #expect(throws: GroupError.self) { try queue.groups.remove(name) }
    _ = try worker(queue)
    try fixture.directory.overwrite("groups/g.group", with: [1, 2, 3])
    #expect(throws: GroupError.self) { try worker(queue) }
    #expect(try findings().contains("groups/g.group: DAMAGED: where the group stands is lost"))
    try queue.groups.remove(name)
    #expect(try findings().isEmpty)
  }

  private func findings() throws -> [String] {
    var findings: [String] = []
    try QueueCheck(fixture.path).run { if $0.isDamage { findings.append("\($0)") } }
    return findings
  }

  @Test("repair puts the file of a damaged group into quarantine")
  func repairing() throws {
    do {
      let queue = try fixture.open()
      _ = try worker(queue)
      try fixture.directory.overwrite("groups/g.group", with: [1, 2, 3])
    }
    let mended = try QueueRepair.run(fixture.path)
    #expect(mended.contains { $0.contains("groups/g.group: moved to quarantine/g.group") })
    #expect(try fixture.directory.bytes("quarantine/g.group") == [1, 2, 3])
    #expect(try findings().isEmpty)
  }

  @Test("a backup has the place, and what was given; a restored queue goes on from there")
  func backup() throws {
    try fixture.fill(["1", "2", "3"])
    let target = try TemporaryDirectory(inMemory: true)
    let (first, second) = (target.path.appending("one"), target.path.appending("two"))
    do {
      let queue = try fixture.open()
      let one = try worker(queue, acknowledgement: .seconds(60))
      one.join(1)
      #expect(try one.run().count == 3)
      #expect(try QueueBackup(of: fixture.path).write(to: first) == [])
      one.settle(1, [1, 2, 3])
      _ = try one.run()
      let id = queue.epochs.id(of: 1)
      _ = try queue.groups.acknowledge([id], of: try GroupName("g"), in: queue)
      #expect(try QueueBackup(of: fixture.path).write(to: first) == [])
      #expect(try QueueRestore.run(from: first, to: second) == [])
      var archive: [UInt8] = []
      try QueueBackup(of: fixture.path).archive { (bytes) throws(SystemCallError) in
        archive.append(bytes)
      }
      var pieces = [archive]
      #expect(
        try QueueRestore.run(
          archive: { () throws(SystemCallError) in pieces.popLast() },
          to: target.path.appending("three")) == [])
    }
    for name in ["two", "three"] {
      let restored = try Queue(at: target.path.appending(name), creating: false)
      let figures = try restored.groups.figures(in: try restored.figures())
      #expect(figures.map(\.given) == [2])
      #expect(figures.map(\.place) == ["\(restored.epochs.id(of: 3))"])
    }
    let queue = try fixture.open()
    try queue.groups.remove(try GroupName("g"))
    #expect(try QueueBackup(of: fixture.path).write(to: first) == [])
    #expect(try FileSystem.names(in: first.appending("groups")) == [])
  }

  @Test(
    "a group that nobody has used for long is forgotten; one with members, or used lately, is not")
  func forgetting() throws {
    let queue = try fixture.open()
    let later = Clock.unixMilliseconds() + GroupLimits.idleTimeMaximum.wholeMilliseconds + 60_000
    var one: Worker? = try worker(queue)
    one?.join(1)
    _ = try one?.run()
    #expect(try queue.groups.removeUnused(now: later) == [])
    one = nil
    #expect(try queue.groups.removeUnused(now: later - 120_000) == [])
    #expect(try queue.groups.removeUnused(now: later).map(\.text) == ["g"])
  }

  @Test("there are so many groups and no more, and names that are safe")
  func limits() throws {
    let queue = try fixture.open()
    let state = try GroupUnderTest(members: 0).state
    _ = try queue.groups.make(try GroupName("g0"), state)
    for number in 1..<GroupLimits.groupCountMaximum {
      try fixture.directory.write(GroupFile.content(state), to: "groups/g\(number).group")
    }
    #expect(throws: GroupError.self) { try queue.groups.make(try GroupName("more"), state) }
    for text in ["", "a/b", "a b", "ä", String(repeating: "a", count: 65), "a\n"] {
      #expect(throws: QueueError.self) { try GroupName(text) }
    }
    for text in ["a", "...", ".lock", "x.group.new", String(repeating: "a", count: 64)] {
      #expect(GroupName(file: try GroupName(text).file)?.text == text)
    }
  }

  @Test("what retention has removed before it was given is told to one member")
  func overtaken() throws {
    try fixture.fill(["1", "2", "3"], segmentByteCountMaximum: 1)
    let queue = try fixture.open()
    let one = try worker(queue)
    for name in ["00000000000000000001.sse", "00000000000000000002.sse"] {
      try fixture.directory.remove(name)
    }
    one.join(1)
    one.join(2)
    let given = try one.run() + one.run()
    // Not by a key path: the runtime copies its optional parts over themselves.
    let missing = given.map { $0.gap?.missing }
    #expect(missing == [1..<3, nil])
    #expect(given.map(\.key) == [1, 2])
    #expect(given.map(\.sequence) == [2, 3])
  }
}

/// A worker's side of a group, driven by hand.
private final class Worker {
  let group: Group
  private var reader: QueueReader

  init(_ queue: Queue, acknowledgement: Duration?, topic: String, start: UInt64) throws {
    reader = QueueReader(queue)
    group = try Group(
      GroupName("g"),
      GroupTerms(filter: TopicFilter([topic]), acknowledgement: acknowledgement), in: queue
    ) { () throws(GroupError) in GroupStart(next: start) }
  }

  func join(_ key: UInt64) { group.note(.join(key: key, credit: 100)) }

  func settle(_ key: UInt64, _ sequences: [UInt64]) {
    group.note(.settle(key: key, written: sequences, dropped: []))
  }

  func run() throws -> [Group.Assignment] { try group.run(&reader).assignments }
}
