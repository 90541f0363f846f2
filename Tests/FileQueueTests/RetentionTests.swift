import Kernel
import Support
import Synchronization
import Testing

@testable import FileQueue

struct RetentionTests {
  private func segment(
    _ byteCount: Int, _ eventCount: Int, _ times: ClosedRange<Int64>
  ) -> Retention.Segment {
    Retention.Segment(
      byteCount: byteCount, eventCount: eventCount, firstTime: times.lowerBound,
      lastTime: times.upperBound, modifiedTime: times.upperBound)
  }

  private var three: [Retention.Segment] {
    [segment(100, 10, 1000...2000), segment(100, 10, 2000...3000), segment(100, 10, 3000...4000)]
  }

  @Test(arguments: [
    (300, 0), (299, 1), (200, 1), (199, 2), (1, 2),
  ])
  func `the oldest go while all take more bytes than the limit, never the last`(
    limit: Int, removed: Int
  ) {
    let retention = Retention(byteCountMaximum: limit, ageMaximum: nil, eventCountMaximum: nil)
    #expect(retention.removableCount(three, now: 5000) == removed)
  }

  @Test(arguments: [(30, 0), (29, 1), (10, 2), (1, 2)])
  func `the oldest go while there are more events than the limit`(limit: Int, removed: Int) {
    let retention = Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: limit)
    #expect(retention.removableCount(three, now: 5000) == removed)
  }

  @Test(arguments: [(Int64(3000), 0), (4000, 0), (4001, 1), (5001, 2), (90_000, 2)])
  func `a segment goes when its newest event is too old`(now: Int64, removed: Int) {
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(2), eventCountMaximum: nil)
    #expect(retention.removableCount(three, now: now) == removed)
  }

  /// A segment whose events have the time `first` to `last` and were written at `modified`.
  private func timed(
    _ first: Int64, _ last: Int64, modified: Int64, eventCount: Int = 10
  ) -> Retention.Segment {
    Retention.Segment(
      byteCount: 100, eventCount: eventCount, firstTime: first, lastTime: last,
      modifiedTime: modified)
  }

  @Test func `a segment from the future is as old as its file, or as what follows it`() {
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(2), eventCountMaximum: nil)
    let future: Int64 = 1_000_000
    // By its file.
    var segments = [timed(0, future, modified: 1000), timed(future, future, modified: 9000)]
    #expect(retention.removableCount(segments, now: 2999) == 0)
    #expect(retention.removableCount(segments, now: 3001) == 1)
    // By what follows, where the file is from the future too.
    segments = [timed(future, future, modified: future), timed(1000, 1000, modified: 1000)]
    #expect(retention.removableCount(segments, now: 2999) == 0)
    #expect(retention.removableCount(segments, now: 3001) == 1)
    // By an empty one that follows.
    segments = [
      timed(future, future, modified: future), timed(0, 0, modified: 1000, eventCount: 0),
    ]
    #expect(retention.removableCount(segments, now: 2999) == 0)
    #expect(retention.removableCount(segments, now: 3001) == 1)
    // By nothing: it is new.
    segments = [timed(future, future, modified: future), timed(future, future, modified: future)]
    #expect(retention.removableCount(segments, now: 90_000) == 0)
  }

  @Test func `an old file or follower makes no segment old that has a time of its own`() {
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(2), eventCountMaximum: nil)
    let segments = [timed(5000, 5000, modified: 0), timed(0, 0, modified: 0)]
    #expect(retention.removableCount(segments, now: 7000) == 0)
    #expect(retention.removableCount(segments, now: 7001) == 1)
  }

  @Test func `the last segment is sealed where its times are ahead of the clock of new events`() {
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(8000), eventCountMaximum: nil)
    let last = timed(1_000_000, 1_000_000, modified: 0)
    #expect(retention.wantsSealed(last, now: 1000, wall: 1000))
    #expect(!retention.wantsSealed(last, now: 1000, wall: 1_000_000))
    #expect(!retention.wantsSealed(timed(1000, 1000, modified: 0), now: 1000, wall: 1000))
  }

  @Test func `the smallest limits there are make segments of one event`() {
    let retention = Retention(byteCountMaximum: 1, ageMaximum: nil, eventCountMaximum: 1)
    #expect(retention.segmentByteCountMaximum == 1)
    #expect(retention.segmentEventCountMaximum == 1)
  }

  @Test func `a jump of the clock removes nothing in a queue, and is over when the clock is right`()
    throws
  {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("event")])
    let lead = Mutex<Int64>(0)
    let elapsed = Mutex<Int64>(0)
    let start = Clock.unixMilliseconds()
    let clocks = ClockSources(
      wall: { start + elapsed.withLock { $0 } + lead.withLock { $0 } },
      steady: { elapsed.withLock { $0 } * 1_000_000 })
    let told = Mutex<[String]>([])
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(20), eventCountMaximum: nil)
    var upkeep = try UpkeepRounds(queue, retention: retention, clocks: clocks) { isError, text in
      told.withLock { $0.append(text) }
    }
    func run(seconds: Int64) {
      for _ in 0..<(seconds * 4) {
        elapsed.withLock { $0 += 250 }
        upkeep.run()
      }
    }
    run(seconds: 1)
    lead.withLock { $0 = 30 * 86_400_000 }
    run(seconds: 14)
    #expect(try queue.figures().eventCount == 1)
    lead.withLock { $0 = 0 }
    run(seconds: 4)
    #expect(try queue.figures().eventCount == 1)
    run(seconds: 4)
    #expect(try queue.figures().eventCount == 0)
    let clockLines = told.withLock { $0 }.filter { $0.contains("clock") }
    #expect(clockLines.count == 2, "\(clockLines)")
  }

  @Test func `the upkeep seals and removes, readers go on, and those who held a segment read it`()
    throws
  {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    var holder = QueueReader(queue)
    var held = try holder.cursor(at: 1)
    let retention = Retention(
      byteCountMaximum: 20_000, ageMaximum: nil, eventCountMaximum: nil)
    var upkeep = try UpkeepRounds(queue, retention: retention) { isError, text in
      #expect(!isError, "\(text)")
    }
    for number in 0..<60 {
      _ = try appender.append(
        (0..<10).map {
          try fixture.pending("event \(number) \($0) \(String(repeating: "x", count: 80))")
        })
      if number == 0 {
        _ = try holder.read(from: &held, upTo: 2, byteCountMaximum: 1) { _, _ in }
      }
      for _ in 0..<QueueLimits.upkeepRoundsPerRetention { upkeep.run() }
    }
    let figures = try queue.figures()
    #expect(figures.byteCount <= 24_000)
    #expect(figures.oldest > 1)
    #expect(figures.next == 601)
    #expect(figures.segmentCount > 2)
    #expect(try fixture.read(queue, from: figures.oldest).count == figures.eventCount)
    // The segment is removed, and still read by who has it open; behind it there is a gap.
    let rest = try fixture.read(queue, &holder, &held)
    #expect(rest.first?.hasPrefix("event 0 1 ") == true)
    #expect(
      rest.contains("gap \(rest.firstIndex { $0.hasPrefix("gap") }! + 2)..<\(figures.oldest)"))
    #expect(rest.last?.hasPrefix("event 59 9") == true)
    var damages: [String] = []
    try QueueCheck(fixture.path).run { if $0.isDamage { damages.append("\($0)") } }
    #expect(damages.isEmpty)
  }

  @Test func `old events go although nothing new is published`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    let old = Clock.unixMilliseconds() - 10_000
    _ = try appender.append([
      PendingEvent(.init(data: "old"), topic: .default, publishedAt: old)
    ])
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(5), eventCountMaximum: nil)
    var upkeep = try UpkeepRounds(queue, retention: retention) { _, _ in }
    upkeep.run()
    #expect(try queue.figures().eventCount == 0)
    #expect(queue.durableNext == 2)
    #expect(try appender.append([fixture.pending("new")]).sequences == 2..<3)
    #expect(try fixture.read(queue, from: 2) == ["new"])
  }

  @Test(arguments: [0, 1, 2])
  func `an index that is wrong, short or gone is made anew`(kind: Int) throws {
    let fixture = try QueueFixture()
    try fixture.fill((1...12).map { "event \($0)" }, segmentByteCountMaximum: 300)
    let queue = try fixture.open()
    let name = try #require(try queue.directory.segments().first).indexFile
    let right = try fixture.directory.bytes(name)
    switch kind {
    case 0: try fixture.directory.write([1] + right.dropFirst(), to: name)
    case 1: try fixture.directory.write(right.dropLast(5), to: name)
    default: try fixture.directory.remove(name)
    }
    var upkeep = try UpkeepRounds(queue, retention: .standard) { isError, text in
      #expect(!isError && text.contains(name), "\(text)")
    }
    upkeep.run()
    #expect(try fixture.directory.bytes(name) == right)
  }

  @Test func `what cannot be done for one segment holds up no other, and nothing else`() throws {
    let fixture = try QueueFixture()
    try fixture.fill((1...12).map { "event \($0)" }, segmentByteCountMaximum: 300)
    let queue = try fixture.open()
    let segments = try queue.directory.segments()
    #expect(segments.count >= 3)
    for segment in segments.dropLast() {
      try fixture.directory.remove(segment.keysFile)
      try? fixture.directory.remove(segment.topicsFile)
    }
    // Nothing can be written where a file is prepared.
    let inTheWay = fixture.path.appending(segments[0].keysFile + ".new")
    _ = try FileSystem.makeDirectory(inTheWay)
    let told = Mutex<[String]>([])
    var upkeep = try UpkeepRounds(queue, retention: .standard) { isError, text in
      if isError { told.withLock { $0.append(text) } }
    }
    upkeep.run()
    #expect(told.withLock { $0 }.count == 1)
    for (segment, follower) in zip(segments, segments.dropFirst()) {
      #expect(
        try KeyFile.isSealed(segment, next: follower.first, in: queue.directory)
          == (segment != segments[0]))
      #expect(
        try TopicTable.open(segment, in: queue.directory, next: follower.first) != nil)
    }
    // It is tried again.
    try FileSystem.removeDirectory(inTheWay)
    for _ in 0..<QueueLimits.upkeepRoundsPerRetention { upkeep.run() }
    #expect(try KeyFile.isSealed(segments[0], next: segments[1].first, in: queue.directory))
  }

  @Test func `old segments go although no new one can be begun`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 300)
    let old = Clock.unixMilliseconds() - 10_000
    for _ in 0..<8 {
      _ = try appender.append([
        PendingEvent(.init(data: "old"), topic: .default, publishedAt: old)
      ])
    }
    let last = try #require(try queue.directory.segments().last)
    _ = try FileSystem.makeDirectory(queue.directory.keysPath(last))
    let retention = Retention(
      byteCountMaximum: nil, ageMaximum: .seconds(5), eventCountMaximum: nil)
    let told = Mutex<[String]>([])
    var upkeep = try UpkeepRounds(queue, retention: retention) { isError, text in
      if isError { told.withLock { $0.append(text) } }
    }
    upkeep.run()
    #expect(told.withLock { $0 }.count == 1)
    #expect(try queue.directory.segments() == [last])
  }

  @Test func `of two who look after a queue one does it`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, segmentByteCountMaximum: 300)
    for _ in 0..<8 { _ = try appender.append([fixture.pending("event")]) }
    let retention = Retention(byteCountMaximum: 1, ageMaximum: nil, eventCountMaximum: nil)
    var one = try UpkeepRounds(queue, retention: .standard) { _, _ in }
    var other = try UpkeepRounds(queue, retention: retention) { _, text in
      Issue.record("\(text)")
    }
    one.run()
    other.run()
    #expect(try queue.figures().eventCount == 8)
  }
}
