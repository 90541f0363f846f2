import EventStream
import Kernel
import Testing

@testable import FileQueue

/// Keys are known for the window and no longer, whatever happens to the wall clock.
struct KeyClockTests {
  private static let hour: Int64 = 3_600_000
  private static let month: Int64 = 30 * 24 * hour

  private let fixture: QueueFixture
  private let queue: Queue
  private let clocks = TestClocks()

  init() throws {
    fixture = try QueueFixture(inMemory: true)
    queue = try fixture.open()
  }

  private func appender(segmentByteCountMaximum: Int = 1 << 20) throws -> Appender {
    try Appender(
      queue, segmentByteCountMaximum: segmentByteCountMaximum, clocks: clocks.sources)
  }

  /// Publishes an event with a key; returns whether the key was known.
  private func publish(_ key: String, _ appender: inout Appender) throws -> Bool {
    let event = try PendingEvent(
      Event(data: key), topics: [.default], key: try EventKey(key))
    return try appender.append([event])[0].get().isReplayed
  }

  @Test func `a clock that is set ahead, and stays there, forgets no key before its time`() throws {
    var appender = try appender()
    #expect(try !publish("k", &appender))
    clocks.step(Self.month)
    #expect(try publish("k", &appender))
    #expect(try !publish("new", &appender))
    clocks.pass(23 * Self.hour)
    #expect(try publish("k", &appender) && publish("new", &appender))
    clocks.pass(2 * Self.hour)
    #expect(try !publish("k", &appender) && !publish("new", &appender))
  }

  @Test func `a clock that is set ahead and right again changes nothing`() throws {
    var appender = try appender()
    #expect(try !publish("before", &appender))
    clocks.step(Self.month)
    #expect(try !publish("meanwhile", &appender))
    clocks.pass(Self.hour)
    clocks.step(-Self.month)
    #expect(try !publish("after", &appender))
    clocks.pass(22 * Self.hour)
    for key in ["before", "meanwhile", "after"] { #expect(try publish(key, &appender), "\(key)") }
    clocks.pass(3 * Self.hour)
    for key in ["before", "meanwhile", "after"] { #expect(try !publish(key, &appender), "\(key)") }
  }

  @Test func `a clock that is set back keeps no key longer`() throws {
    var appender = try appender()
    #expect(try !publish("k", &appender))
    clocks.step(-Self.month)
    #expect(try publish("k", &appender))
    #expect(try !publish("new", &appender))
    clocks.pass(23 * Self.hour)
    #expect(try publish("k", &appender) && publish("new", &appender))
    clocks.pass(2 * Self.hour)
    #expect(try !publish("k", &appender) && !publish("new", &appender))
  }

  @Test(arguments: [month, -month])
  func `an appender that looks seldom forgets nothing that another one published meanwhile`(
    step: Int64
  ) throws {
    var busy = try appender()
    var idle = try appender()
    #expect(try !publish("before", &busy))
    #expect(try publish("before", &idle))
    clocks.pass(Self.hour)
    #expect(try !publish("first", &busy))
    clocks.step(step)
    #expect(try !publish("second", &busy))
    clocks.pass(Self.hour)
    for key in ["before", "first", "second"] { #expect(try publish(key, &idle), "\(key)") }
    clocks.pass(21 * Self.hour)
    for key in ["before", "first", "second"] { #expect(try publish(key, &idle), "\(key)") }
    #expect(try publish("second", &busy))
    clocks.pass(3 * Self.hour)
    #expect(try !publish("second", &busy))
  }

  @Test func `a worker that begins by a clock that is ahead waits whether that stays so`() throws {
    do {
      var earlier = try appender()
      #expect(try !publish("k", &earlier))
    }
    clocks.pass(Self.hour)
    clocks.step(Self.month)
    var later = try appender()
    try later.loadKeys()
    #expect(try publish("k", &later) && !publish("meanwhile", &later))
    clocks.pass(QueueLimits.clockPatience.wholeMilliseconds / 2)
    clocks.step(-Self.month)
    #expect(try publish("k", &later) && publish("meanwhile", &later))
    clocks.pass(22 * Self.hour)
    #expect(try publish("k", &later) && publish("meanwhile", &later))
    clocks.pass(2 * Self.hour)
    #expect(try !publish("k", &later) && !publish("meanwhile", &later))
  }

  @Test func `a worker that comes back after a month believes that soon, a command now`() throws {
    do {
      var earlier = try appender()
      #expect(try !publish("k", &earlier) && !publish("l", &earlier))
    }
    clocks.pass(Self.month)
    var later = try appender()
    try later.loadKeys()
    #expect(try publish("k", &later))
    clocks.pass(QueueLimits.clockPatience.wholeMilliseconds + 1000)
    #expect(try !publish("k", &later))
    var command = try appender()
    #expect(try !publish("l", &command))
  }

  @Test func `who begins by a clock that was set back keeps no key longer`() throws {
    do {
      var earlier = try appender()
      #expect(try !publish("k", &earlier))
    }
    clocks.step(-Self.month)
    var later = try appender()
    try later.loadKeys()
    #expect(try publish("k", &later))
    clocks.pass(25 * Self.hour)
    #expect(try !publish("k", &later))
  }

  @Test func `who begins later knows how old the keys of a wrong clock are`() throws {
    do {
      var earlier = try appender()
      #expect(try !publish("before", &earlier))
      clocks.step(Self.month)
      #expect(try !publish("meanwhile", &earlier))
      clocks.step(-Self.month)
      #expect(try !publish("after", &earlier))
    }
    var later = try appender()
    clocks.pass(23 * Self.hour)
    for key in ["before", "meanwhile", "after"] { #expect(try publish(key, &later), "\(key)") }
    clocks.pass(2 * Self.hour)
    for key in ["before", "meanwhile", "after"] { #expect(try !publish(key, &later), "\(key)") }
  }

  @Test func `memory is freed behind the window, and not by a clock that is set ahead`() throws {
    var appender = try appender(segmentByteCountMaximum: 300)
    for number in 0..<20 { #expect(try !publish("\(number)", &appender)) }
    #expect(try publish("0", &appender) && appender.keyCount == 20)
    clocks.step(Self.month)
    clocks.pass(QueueLimits.keyUpkeepInterval.wholeMilliseconds)
    appender.lookAfterKeys()
    #expect(appender.keyCount == 20)
    clocks.pass(25 * Self.hour)
    appender.lookAfterKeys()
    // Those of the last segment stay.
    #expect(appender.keyCount < 5)
  }

  @Test func `the files of keys stay for the window, whatever the clock says, and go then`() throws
  {
    var appender = try appender(segmentByteCountMaximum: 300)
    for number in 0..<20 { #expect(try !publish("\(number)", &appender)) }
    let retention = Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: 5)
    var rounds = try UpkeepRounds(queue, retention: retention, clocks: clocks.sources) { _, _ in }
    func runUntilKeysAreLookedAt() {
      for _ in 0..<(QueueLimits.upkeepRoundsPerKeyRemoval + 1) { rounds.run() }
    }
    rounds.run()
    #expect(try queue.oldestSequence() > 10)
    clocks.step(Self.month)
    rounds.run()
    clocks.pass(2 * QueueLimits.clockPatience.wholeMilliseconds)
    #expect(try !publish("by the new time", &appender))
    runUntilKeysAreLookedAt()
    let oldest = try queue.directory.segments()[0]
    #expect(try queue.directory.keyedSegments().first.map { $0 < oldest } == true)
    #expect(try publish("0", &appender))
    clocks.pass(25 * Self.hour)
    #expect(try !publish("a day later", &appender))
    runUntilKeysAreLookedAt()
    let kept = try queue.directory.segments()[0]
    #expect(try queue.directory.keyedSegments().allSatisfy { $0 >= kept })
  }

  @Test func `no clock traps, however often it is set`() throws {
    var appender = try appender()
    for step in [Int64.max / 2, -Self.month, Self.month, Int64.min / 2, 7 * Self.hour] {
      for _ in 0..<(QueueLimits.clockStepCountMaximum) {
        clocks.step(step)
        clocks.step(-step / 2)
        _ = try publish("k", &appender)
        clocks.step(-step - -step / 2)
      }
    }
    #expect(try publish("k", &appender))
  }

  @Test func `keys of the next segments are found also where the last file is gone`() throws {
    var busy = try appender(segmentByteCountMaximum: 300)
    var idle = try appender(segmentByteCountMaximum: 300)
    for number in 0..<10 { #expect(try !publish("\(number)", &busy)) }
    #expect(try publish("9", &idle))
    let seen = try queue.directory.keyedSegments()
    for number in 10..<30 { #expect(try !publish("\(number)", &busy)) }
    // Retention has removed them, and all their keys were too old.
    for segment in seen { try FileSystem.unlink(queue.directory.keysPath(segment)) }
    for number in 15..<30 { #expect(try publish("\(number)", &idle), "\(number)") }
  }
}
