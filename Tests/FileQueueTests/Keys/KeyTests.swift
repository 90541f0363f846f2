import EventStream
import Kernel
import Support
import Testing

@testable import FileQueue

/// The same key is the same event, once, whatever happens in between.
struct KeyTests {
  private func event(
    _ text: String, key: String?, topic: String = "t", publishedAt: Int64? = nil
  ) throws -> PendingEvent {
    try PendingEvent(
      Event(data: text), topics: [try Topic(topic)], key: try key.map { try EventKey($0) },
      publishedAt: publishedAt)
  }

  private func replayed(_ outcomes: [AppendOutcome]) -> [UInt64] {
    outcomes.compactMap {
      if case .appended(let appended) = $0, appended.isReplayed { appended.sequence } else { nil }
    }
  }

  private func refused(_ outcomes: [AppendOutcome]) -> [String] {
    outcomes.compactMap { if case .refused(let error) = $0 { "\(error)" } else { nil } }
  }

  @Test func `a second publish gets the first id, and nothing is queued`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    #expect(try appender.append([event("a", key: "k")]).sequences == 1..<2)
    #expect(try replayed(appender.append([event("a", key: "k")])) == [1])
    #expect(
      try appender.append([event("a", key: "other"), event("b", key: nil)]).sequences == 2..<4)
    let mixed = try appender.append([
      event("c", key: nil), event("a", key: "k"), event("d", key: nil), event("a", key: "k"),
    ])
    #expect(replayed(mixed) == [1, 1])
    #expect(mixed.map(\.sequence) == [4, 1, 5, 1])
    #expect(try fixture.read(queue) == ["a", "a", "b", "c", "d"])
  }

  @Test func `the same key for another event is refused by itself`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([event("a", key: "k")])
    let outcomes = try appender.append([
      event("b", key: "k"), event("c", key: "l"), event("a", key: "k", topic: "other"),
      event("d", key: "l"),
    ])
    #expect(refused(outcomes).count == 3)
    #expect(refused(outcomes).allSatisfy { $0.contains("was used for another event") })
    #expect(outcomes.map(\.sequence) == [nil, 2, nil, nil])
    #expect(try fixture.read(queue) == ["a", "c"])
  }

  @Test func `the same key of two publishers is two keys, also after a restart`() throws {
    let fixture = try QueueFixture()
    let scopes = ["", "user anna", "grant ci", "grant ci/k", "user a\u{301}"]
    func event(_ scope: String, _ key: String) throws -> PendingEvent {
      try PendingEvent(
        Event(data: scope), topics: [try Topic("t")], key: try EventKey(key, scope: scope))
    }
    func append() throws -> [AppendOutcome] {
      var appender = try Appender(try fixture.open())
      return try appender.append(try scopes.map { try event($0, "k") })
    }
    #expect(try append().sequences == 1..<6)
    #expect(try replayed(append()) == [1, 2, 3, 4, 5])
    var appender = try Appender(try fixture.open())
    // A slash in a name does not begin the key.
    #expect(try appender.append([event("grant ci", "k/k")]).sequences == 6..<7)
  }

  @Test func `one batch may hold an event twice`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let outcomes = try appender.append([event("a", key: "k"), event("a", key: "k")])
    #expect(outcomes.map(\.sequence) == [1, 1])
    #expect(replayed(outcomes) == [1])
    #expect(try fixture.read(queue) == ["a"])
  }

  @Test func `an event that is refused keeps no key from a later one of its batch`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let end = try PendingEvent(Event(data: "end"), topics: [try Topic("over")], isEnd: true)
    _ = try appender.append([end])
    let outcomes = try appender.append([
      event("a", key: "k", topic: "over"), event("a", key: "k", topic: "over"),
      event("b", key: "k"), event("b", key: "k"), event("c", key: "k"),
    ])
    #expect(outcomes.map(\.sequence) == [nil, nil, 2, 2, nil])
    #expect(replayed(outcomes) == [2])
    #expect(refused(outcomes).count { $0.contains("has ended") } == 2)
    #expect(refused(outcomes).last?.contains("was used for another event") == true)
    // Also where the topic ends in the same batch, and where a new segment begins with it.
    var small = try Appender(queue, segmentByteCountMaximum: 10)
    let ending = try small.append([
      event("d", key: "l", topic: "u"),
      PendingEvent(Event(data: "end"), topics: [try Topic("u")], isEnd: true),
      event("e", key: "m", topic: "u"), event("f", key: "m"),
    ])
    #expect(ending.map(\.sequence) == [3, 4, nil, 5])
    #expect(try replayed(appender.append([event("f", key: "m"), event("b", key: "k")])) == [5, 2])
    #expect(try fixture.read(queue) == ["end", "b", "d", "end", "f"])
  }

  @Test func `several appenders know each other's keys, over many segments`() throws {
    let fixture = try QueueFixture()
    let one = try fixture.open()
    let two = try fixture.open()
    var first = try Appender(one, segmentByteCountMaximum: 500)
    var second = try Appender(two, segmentByteCountMaximum: 500)
    for number in 0..<60 {
      let own = try event("\(number)", key: "k\(number)")
      let other = try event("\(number / 2)", key: "k\(number / 2)")
      if number % 3 == 0 {
        _ = try first.append([own])
        #expect(try replayed(second.append([other])) == [UInt64(number / 2 + 1)])
      } else {
        _ = try second.append([own])
        #expect(try replayed(first.append([other])) == [UInt64(number / 2 + 1)])
      }
    }
    #expect(try one.directory.segments().count > 5)
    #expect(try fixture.read(one) == (0..<60).map { "\($0)" })
  }

  @Test(arguments: [false, true])
  func `they outlive restarts, with or without their files`(areFilesLost: Bool) throws {
    let fixture = try QueueFixture()
    do {
      let queue = try fixture.open()
      var appender = try Appender(queue, segmentByteCountMaximum: 300)
      for number in 0..<20 {
        _ = try appender.append([event("\(number)", key: number % 2 == 0 ? "k\(number)" : nil)])
      }
    }
    let directory = QueueDirectory(path: fixture.path)
    if areFilesLost {
      for segment in try directory.keyedSegments() {
        try FileSystem.unlink(directory.keysPath(segment))
      }
    }
    let queue = try fixture.open()
    #expect(queue.recovery.findings.contains { $0.contains("keys") } == areFilesLost)
    var appender = try Appender(queue)
    for number in stride(from: 0, to: 20, by: 2) {
      let outcome = try appender.append([event("\(number)", key: "k\(number)")])
      #expect(replayed(outcome) == [UInt64(number + 1)])
    }
    var findings: [QueueFinding] = []
    try QueueCheck(fixture.path).run { findings.append($0) }
    #expect(!findings.contains { $0.isDamage }, "\(findings)")
  }

  @Test(arguments: [true, false])
  func `keys whose file is made anew while others have it read are found where they are then`(
    isAsked: Bool
  ) throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let clocks = TestClocks()
    var writer = try Appender(queue, segmentByteCountMaximum: 600, clocks: clocks.sources)
    let keys = (1...20).map { "key \($0)" }
    for key in keys { _ = try writer.append([event("x", key: key)]) }
    let segments = try queue.directory.segments()
    #expect(segments.count > 2)
    // The first entry is gone, and the others stand elsewhere.
    let name = segments[0].keysFile
    let right = try fixture.directory.bytes(name)
    let firstByteCount = KeyEntry(right.span, at: KeyFile.magic.count)?.byteCount ?? 0
    #expect(firstByteCount > 0)
    try fixture.directory.write(
      KeyFile.magic + right.dropFirst(KeyFile.magic.count + firstByteCount), to: name)
    var reader = try Appender(queue, clocks: clocks.sources)
    #expect(try reader.find([event("x", key: keys[1])])[0]?.sequence == 2)
    #expect(try reader.find([event("x", key: keys[0])])[0] == nil)
    _ = try KeyFile.rebuild(
      segments[0], next: segments[1].first, in: queue.directory, epochs: queue.epochs)
    if isAsked {
      #expect(try reader.find([event("x", key: keys[1])])[0]?.sequence == 2)
    } else {
      // Nobody has asked for what stood in it.
      clocks.pass(QueueLimits.keyUpkeepInterval.wholeMilliseconds)
      reader.lookAfterKeys()
    }
    for (place, key) in keys.enumerated() {
      #expect(try reader.find([event("x", key: key)])[0]?.sequence == UInt64(place + 1))
    }
    #expect(reader.keyCount == keys.count)
  }

  @Test func `keys that an appender has just written are counted`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([event("a", key: "a"), event("b", key: nil), event("c", key: "c")])
    #expect(appender.keyCount == 2)
    _ = try appender.append([event("a", key: "a"), event("d", key: "d")])
    #expect(appender.keyCount == 3)
    _ = try appender.append([event("e", key: nil)])
    #expect(appender.keyCount == 3)
  }

  @Test func `they outlive the events that retention removes, until they are too old`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let yesterday = Clock.unixMilliseconds() - 25 * 3_600_000
    let window = Duration.seconds(30 * 3600)
    var appender = try Appender(queue, segmentByteCountMaximum: 300, keyWindow: window)
    for number in 0..<20 {
      _ = try appender.append([event("\(number)", key: "k\(number)", publishedAt: yesterday)])
    }
    let retention = Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: 5)
    do {
      var rounds = try UpkeepRounds(queue, retention: retention, keyWindow: window) { _, _ in }
      rounds.run()
    }
    #expect(try queue.oldestSequence() > 10)
    var later = try Appender(queue, keyWindow: window)
    #expect(try replayed(later.append([event("0", key: "k0")])) == [1])
    #expect(try refused(later.append([event("1", key: "k0")])).count == 1)
    _ = try later.append([event("today", key: nil)])
    var strict = try UpkeepRounds(queue, retention: retention) { _, _ in }
    strict.run()
    let oldest = try queue.directory.segments()[0]
    #expect(try queue.directory.keyedSegments().allSatisfy { $0 >= oldest })
  }

  @Test func `a key is fresh again behind the window`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let now = Clock.unixMilliseconds()
    var appender = try Appender(queue, keyWindow: .seconds(3600))
    _ = try appender.append([event("a", key: "old", publishedAt: now - 3_700_000)])
    _ = try appender.append([event("a", key: "young", publishedAt: now - 3_500_000)])
    #expect(try appender.append([event("b", key: "old")]).sequences == 3..<4)
    #expect(try refused(appender.append([event("b", key: "young")])).count == 1)
    #expect(try replayed(appender.append([event("b", key: "old")])) == [3])
    var other = try Appender(queue, keyWindow: .seconds(3600))
    #expect(try replayed(other.append([event("b", key: "old")])) == [3])
  }

  @Test func `a delayed event's key is known behind the window too`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let now = Clock.unixMilliseconds()
    let event = try PendingEvent(
      Event(data: "a"), topics: [.default], key: EventKey(ofDelayed: "7"),
      publishedAt: now - 1_000_000_000)
    var appender = try Appender(queue, segmentByteCountMaximum: 1)
    _ = try appender.append([event])
    _ = try appender.append([self.event("b", key: nil, publishedAt: now - 999_999_000)])
    var later = try Appender(queue)
    #expect(try replayed(later.append([event])) == [1])
    // A publisher cannot take it.
    #expect(try later.append([self.event("a", key: ".delayed/7")]).sequences == 3..<4)
  }

  @Test func `what an appender left that died before its events counted is no key`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([event("a", key: "k")])
    // The record and the key are written, the page is not.
    let end = queue.tail.observedEnd() ?? queue.tail.appendedEnd
    let segment = try OpenSegment(end.segment, in: queue.directory, creating: false)
    try segment.text.writeAll(Array("half a record".utf8).span, at: end.offset)
    let dead = try EventKey("dead")
    var entries: [UInt8] = []
    KeyEntry(
      sequence: end.next, unixMilliseconds: 1, content: 0, keyByteCount: dead.encoded.count
    ).append(key: dead.encoded, to: &entries)
    let file = try KeyFile(writing: end.segment, in: queue.directory)
    var place = KeyFile.Place()
    try file.read(from: &place, upTo: end.next) { _, _, _ in }
    #expect(place.count == 1)
    try file.write(entries, at: place)
    // Another event takes its number before anybody asks for the key.
    var other = try Appender(queue)
    _ = try other.append([event("b", key: nil)])
    #expect(try other.append([event("c", key: "dead")]).sequences == 3..<4)
    #expect(try appender.append([event("d", key: "e")]).sequences == 4..<5)
    #expect(try replayed(appender.append([event("c", key: "dead")])) == [3])
  }

  @Test func `more than may be remembered push out the oldest`() throws {
    let fixture = try QueueFixture(inMemory: true)
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 2000, keyCountMaximum: 50)
    for number in 0..<200 { _ = try appender.append([event("\(number)", key: "k\(number)")]) }
    #expect(appender.keyCount <= 50)
    #expect(try replayed(appender.append([event("199", key: "k199")])) == [200])
    #expect(try appender.append([event("0", key: "k0")]).sequences == 201..<202)
  }

  @Test(arguments: ["", String(repeating: "k", count: 256), "a\nb", "a\u{0}"])
  func `what is no key is refused with the rule`(text: String) {
    let error = #expect(throws: QueueError.self) { try EventKey(text) }
    #expect(error.map { "\($0)".contains("a text of 1 to 255 bytes") } == true)
  }

  @Test func `a table finds what was put into it and not taken out`() throws {
    var generator = SeededGenerator()
    var table = KeyTable()
    var model: [UInt64: UInt64] = [:]
    for place in 1...5000 as ClosedRange<UInt64> {
      // Few hashes, which share their homes.
      let hash = UInt64.random(in: 0..<300, using: &generator) << 3
      table.insert(hash, at: place)
      model[place] = hash
      if Int.random(in: 0..<100, using: &generator) == 0 {
        let first = place - UInt64.random(in: 0..<400, using: &generator) % place
        table.removeAll(in: 0..<first)
        model = model.filter { $0.key >= first }
      }
    }
    #expect(table.count == model.count)
    for hash in stride(from: 0 as UInt64, to: 300 << 3, by: 8) {
      var found: Set<UInt64> = []
      try table.forEachPlace(of: hash) { found.insert($0) }
      #expect(found == Set(model.filter { $0.value == hash }.keys))
    }
  }
}
