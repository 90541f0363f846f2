import EventStream
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

struct DelayedLogTests {
  private let fixture: QueueFixture

  init() throws {
    fixture = try QueueFixture()
  }

  private func event(
    _ data: String, key: String? = nil, after seconds: Int64 = 60
  ) throws -> DelayedEvent {
    DelayedEvent(
      try PendingEvent(
        Event(data: data), topics: [.default],
        key: try key.map { text throws(QueueError) in try EventKey(text) }),
      delay: .after(.seconds(seconds)))
  }

  private func add(
    _ log: inout DelayedLog, _ data: String, key: String? = nil, after seconds: Int64 = 60
  ) throws -> DelayedReceipt {
    try log.add([event(data, key: key, after: seconds)], now: 0)[0].get()
  }

  private func data(_ log: inout DelayedLog) throws -> [String] {
    try log.page(behind: nil, countMaximum: 100).events.map(\.data)
  }

  private func findings() throws -> [String] {
    var findings: [String] = []
    try QueueCheck(fixture.path).run { finding in
      switch finding {
      case .segment, .total: break
      default: findings.append("\(finding)")
      }
    }
    return findings
  }

  @Test
  func `events wait in the order in which they are due, in all processes and after all have ended`()
    throws
  {
    do {
      let queue = try fixture.open()
      var log = try DelayedLog(queue)
      var other = try DelayedLog(queue)
      _ = try add(&log, "c", after: 3)
      _ = try add(&other, "a", after: 1)
      let receipt = try add(&log, "b", after: 2)
      #expect(receipt.due == 2000 && !receipt.isReplayed)
      #expect(try data(&log) == ["a", "b", "c"])
      #expect(try data(&other) == ["a", "b", "c"])
      #expect(try log.nextDue { _ in true } == 1000)
      #expect(try other.waiting(receipt.id)?.data == "b")
    }
    var later = try DelayedLog(try fixture.open())
    #expect(try data(&later) == ["a", "b", "c"])
    var listing = try DelayedListing(readingAt: fixture.path)
    #expect(try listing.page(countMaximum: 2).events.map(\.data) == ["a", "b"])
    #expect(try findings() == ["delayed: 3 events wait for their time, 162 bytes"])
  }

  @Test func `a list is told page by page, each event once, whatever is cancelled meanwhile`()
    throws
  {
    var log = try DelayedLog(try fixture.open())
    let events = try (0..<50).map { try event("\($0)", after: Int64($0 / 7)) }
    let receipts = try log.add(events, now: 0).map { try $0.get() }
    var found: [DelayedID] = []
    var last: DelayedTurn?
    repeat {
      let page = try log.page(behind: last, countMaximum: 7)
      found += page.events.map(\.id)
      last = page.next.flatMap { DelayedTurn("\($0)") }
      #expect(page.events.count <= 7)
      if found.count == 7 {
        #expect(try log.cancel([found[3], found[6]]) == [.cancelled, .cancelled])
      }
    } while last != nil
    #expect(found.count == 50 && Set(found) == Set(receipts.map(\.id)))
  }

  @Test func `an event is cancelled once, and not while it is being published`() throws {
    var log = try DelayedLog(try fixture.open())
    let first = try add(&log, "first").id
    let second = try add(&log, "second", after: 1).id
    #expect(try log.cancel([first, DelayedID(1)]) == [.cancelled, .unknown])
    #expect(try log.cancel([first]) == [.unknown])
    let due = try log.take(now: 1000) { _ in true }
    #expect(due.map(\.id) == [second])
    #expect(try log.cancel([second]) == [.tooLate])
    try log.end([(second, .published)])
    #expect(try log.cancel([second]) == [.unknown])
    #expect(try data(&log) == [])
  }

  @Test func `the same key again is the same event while it waits, and another event is refused`()
    throws
  {
    let queue = try fixture.open()
    var log = try DelayedLog(queue)
    var other = try DelayedLog(queue)
    let first = try add(&log, "text", key: "k")
    let again = try add(&other, "text", key: "k", after: 90)
    #expect(again.isReplayed && again.id == first.id && again.due == first.due)
    #expect(throws: QueueError.self) { try add(&other, "another text", key: "k") }
    let batch = try log.add(
      [event("x", key: "l"), event("x", key: "l"), event("y", key: "l")], now: 0)
    #expect(try batch[0].get().id == batch[1].get().id)
    #expect(throws: QueueError.self) { try batch[2].get() }
    #expect(try data(&log).sorted() == ["text", "x"])
    _ = try log.cancel([first.id])
    #expect(try !add(&log, "another text", key: "k").isReplayed)
  }

  @Test func `so many may wait, and not one more`() throws {
    var log = try DelayedLog(try fixture.open())
    let maximum = QueueLimits.delayedEventCountMaximum
    let one = try event("x")
    let receipts = try log.add(Array(repeating: one, count: maximum + 1), now: 0)
    #expect(try receipts.dropLast().allSatisfy { try !$0.get().isReplayed })
    #expect(throws: QueueError.self) { try receipts[maximum].get() }
    #expect(throws: QueueError.self) { try add(&log, "y") }
    _ = try log.cancel([receipts[0].get().id])
    _ = try add(&log, "y")
    let large = try event(String(repeating: "x", count: 1 << 20))
    let refused = try DelayedLogTests().full(of: large)
    #expect(refused == QueueLimits.delayedByteCountMaximum >> 20)
  }

  /// How many events of a size are taken in.
  private func full(of event: DelayedEvent) throws -> Int {
    var log = try DelayedLog(try fixture.open())
    var count = 0
    while case .success = try log.add([event], now: 0)[0] { count += 1 }
    return count + 1
  }

  @Test func `a torn end is cut off and kept, and nothing that was acknowledged is lost`() throws {
    let queue = try fixture.open()
    var log = try DelayedLog(queue)
    _ = try add(&log, "first")
    let whole = try fixture.directory.bytes("delayed")
    _ = try add(&log, "second")
    let longer = try fixture.directory.bytes("delayed")
    for count in stride(from: whole.count + 1, to: longer.count, by: 7) {
      try fixture.directory.overwrite("delayed", with: Array(longer.prefix(count)))
      #expect(try findings().first?.contains("torn") == true)
      var other = try DelayedLog(queue)
      #expect(try data(&other) == ["first"])
      #expect(try fixture.directory.bytes("delayed") == whole)
    }
    // Who has read further begins anew.
    #expect(try data(&log) == ["first"])
    _ = try add(&log, "third")
    #expect(try Set(data(&log)) == ["first", "third"])
  }

  @Test func `damage harms what it hits, is told and put into quarantine`() throws {
    do {
      var log = try DelayedLog(try fixture.open())
      for text in ["one", "two", "three"] { _ = try add(&log, text) }
      var bytes = try fixture.directory.bytes("delayed")
      let place = try #require(
        bytes.indices.first { bytes[$0...].starts(with: "data: two".utf8) })
      bytes[place + 7] = UInt8(ascii: "x")
      try fixture.directory.overwrite("delayed", with: bytes)
    }
    do {
      var log = try DelayedLog(try fixture.open())
      #expect(try Set(data(&log)) == ["one", "three"])
      #expect(log.takeUntoldDamages().count == 1)
      #expect(log.takeUntoldDamages().isEmpty)
      #expect(try findings()[0].contains("DAMAGED"))
    }
    #expect(
      try QueueRepair.run(fixture.path).contains { $0.contains("damaged bytes out of delayed") })
    #expect(try findings().map { $0.prefix(8) } == ["delayed:", "quaranti"])
    var log = try DelayedLog(try fixture.open())
    #expect(try Set(data(&log)) == ["one", "three"])
  }

  @Test func `the file is made anew when most of it means nothing, and others go on with it`()
    throws
  {
    let queue = try fixture.open()
    var log = try DelayedLog(queue)
    var other = try DelayedLog(queue)
    let text = String(repeating: "x", count: 10_000)
    let kept = try add(&log, "kept", after: 2000)
    let taken = try add(&log, "taken", after: 1)
    #expect(try log.take(now: 1000) { _ in true }.count == 1)
    var ids: [DelayedID] = []
    for receipt in try other.add(Array(repeating: event(text), count: 150), now: 0) {
      ids.append(try receipt.get().id)
    }
    #expect(try !log.compactIfWorthwhile())
    _ = try other.cancel(ids)
    #expect(try fixture.directory.bytes("delayed").count < 400)
    #expect(try data(&other) == ["taken", "kept"])
    #expect(try other.cancel([taken.id, kept.id]) == [.tooLate, .cancelled])
    #expect(try data(&log) == ["taken"])
    #expect(try findings().count == 1)
  }

  @Test func `a backup has what waits, whole, and a queue that is made of it goes on with it`()
    throws
  {
    var log = try DelayedLog(try fixture.open())
    _ = try add(&log, "first")
    let place = try TemporaryDirectory()
    let backup = place.path.appending("backup")
    #expect(try QueueBackup(of: fixture.path).write(to: backup).isEmpty)
    _ = try add(&log, "second")
    let whole = try fixture.directory.bytes("delayed")
    try fixture.directory.overwrite("delayed", with: whole + Array("+ 012".utf8))
    #expect(try QueueBackup(of: fixture.path).write(to: backup).isEmpty)
    let restored = place.path.appending("restored")
    #expect(try QueueRestore.run(from: backup, to: restored).isEmpty)
    var copy = try DelayedLog(try Queue(at: restored, creating: false))
    #expect(try Set(data(&copy)) == ["first", "second"])
    #expect(
      try copy.page(behind: nil, countMaximum: 9).events.map(\.id)
        == log.page(behind: nil, countMaximum: 9).events.map(\.id))
    #expect(try place.names() == ["backup", "restored"])
  }

  @Test func `an archive has what waits`() throws {
    var log = try DelayedLog(try fixture.open())
    _ = try add(&log, "first")
    var archive: [UInt8] = []
    try QueueBackup(of: fixture.path).archive { (bytes) throws(SystemCallError) in
      archive.append(bytes)
    }
    let place = try TemporaryDirectory()
    var rest: [UInt8]? = archive
    let restored = place.path.appending("restored")
    let damage = try QueueRestore.run(
      archive: { () throws(SystemCallError) in rest.take() }, to: restored)
    #expect(damage.isEmpty)
    var copy = try DelayedLog(try Queue(at: restored, creating: false))
    #expect(try data(&copy) == ["first"])
  }

  @Test func `where the folder is moved or the file is deleted nothing is acknowledged`() throws {
    let place = try TemporaryDirectory()
    let path = place.path.appending("queue")
    var log = try DelayedLog(try Queue(at: path, creating: true))
    _ = try add(&log, "first")
    try FileSystem.rename(path, to: place.path.appending("elsewhere"))
    #expect(throws: QueueError.self) { try add(&log, "second") }
    try FileSystem.rename(place.path.appending("elsewhere"), to: path)
    _ = try add(&log, "third")
    #expect(try data(&log).sorted() == ["first", "third"])
    try FileSystem.unlink(path.appending("delayed"))
    #expect(throws: QueueError.self) { try add(&log, "fourth") }
  }

  @Test func `a file of a later weir is left alone`() throws {
    let queue = try fixture.open()
    try fixture.directory.write(Array("weir-delayed 2\nwhatever\n".utf8), to: "delayed")
    var log = try DelayedLog(queue)
    #expect(throws: QueueError.self) { try add(&log, "x") }
    #expect(try fixture.directory.bytes("delayed") == Array("weir-delayed 2\nwhatever\n".utf8))
  }
}
