import EventStream
import Kernel
import Support
import Synchronization
import Testing

@testable import FileQueue

struct DelayedRoundsTests {
  private let fixture: QueueFixture
  private let queue: Queue
  private let committer: Committer
  private let clocks = TestClocks()
  private let said = Said()

  private final class Said: Sendable {
    let lines = Mutex<[String]>([])
  }

  init() throws {
    fixture = try QueueFixture()
    queue = try fixture.open()
    committer = try Committer(queue)
  }

  private func rounds(
    figures: @escaping DelayedPublisher.TellFigures = { _ in }
  ) throws -> DelayedRounds {
    let said = said
    return try DelayedRounds(
      queue, committer, clocks: clocks.sources, waker: try Waker(), figures: figures
    ) { _, text in said.lines.withLock { $0.append(text) } }
  }

  private func event(_ data: String, _ delay: Delay, key: String? = nil) throws -> DelayedEvent {
    DelayedEvent(
      try PendingEvent(
        Event(data: data), topics: [.default],
        key: try key.map { text throws(QueueError) in try EventKey(text) }),
      delay: delay)
  }

  private func add(
    _ rounds: inout DelayedRounds, _ data: String, after milliseconds: Int64, key: String? = nil
  ) throws -> DelayedReceipt {
    let receipt = Mutex<DelayedReceipt?>(nil)
    _ = rounds.run([
      .add(try event(data, .after(.milliseconds(milliseconds)), key: key)) { result in
        guard case .success(.waits(let taken)) = result else { return }
        receipt.withLock { $0 = taken }
      }
    ])
    return try #require(receipt.withLock { $0 })
  }

  /// Runs rounds until nothing is on its way.
  private func settle(_ rounds: inout DelayedRounds) {
    _ = rounds.run([])
    while rounds.isBusy {
      Clock.pause(.milliseconds(1))
      _ = rounds.run([])
    }
  }

  private func published() throws -> [String] { try fixture.read(queue) }

  @Test func `an event is published at its time, not before, and once`() throws {
    var rounds = try rounds()
    _ = try add(&rounds, "b", after: 2000)
    _ = try add(&rounds, "a", after: 1000)
    clocks.pass(999)
    settle(&rounds)
    #expect(try published() == [])
    #expect(rounds.run([]) == .milliseconds(1))
    clocks.pass(1)
    settle(&rounds)
    #expect(try published() == ["a"])
    clocks.pass(5000)
    settle(&rounds)
    settle(&rounds)
    #expect(try published() == ["a", "b"])
  }

  @Test func `what came due while nothing ran is published at once, in its order`() throws {
    do {
      var rounds = try rounds()
      _ = try add(&rounds, "b", after: 2000)
      _ = try add(&rounds, "a", after: 1000)
    }
    clocks.pass(86_400_000)
    var later = try rounds()
    settle(&later)
    #expect(try published() == ["a", "b"])
  }

  @Test func `of two processes one publishes, and the other one when that is gone`() throws {
    var second: DelayedRounds
    do {
      var first = try rounds()
      _ = first.run([])
      second = try rounds()
      _ = try add(&second, "a", after: 10)
      _ = try add(&second, "b", after: 1000)
      clocks.pass(20)
      settle(&second)
      #expect(try published() == [])
      settle(&first)
      #expect(try published() == ["a"])
    }
    clocks.pass(1000)
    settle(&second)
    #expect(try published() == ["a", "b"])
  }

  @Test func `a clock that jumps ahead publishes nothing before it has stayed there`() throws {
    var rounds = try rounds()
    _ = try add(&rounds, "soon", after: 5000)
    _ = try add(&rounds, "late", after: 3_600_000)
    clocks.step(86_400_000)
    settle(&rounds)
    clocks.pass(6000)
    settle(&rounds)
    #expect(try published() == ["soon"])
    clocks.step(-86_400_000)
    settle(&rounds)
    clocks.step(86_400_000)
    for _ in 0..<650 {
      #expect(try published() == ["soon"])
      clocks.pass(1000)
      settle(&rounds)
      if try published().count == 2 { break }
    }
    #expect(try published() == ["soon", "late"])
    #expect(said.lines.withLock { $0.filter { $0.contains("jumped ahead by 24h") }.count } == 2)
  }

  @Test func `a time to wait is counted from the time that is believed`() throws {
    var rounds = try rounds()
    settle(&rounds)
    clocks.step(86_400_000)
    _ = try add(&rounds, "a", after: 5000)
    clocks.pass(5000)
    settle(&rounds)
    #expect(try published() == ["a"])
  }

  @Test func `what came due while the machine slept is published when it wakes`() throws {
    var rounds = try rounds()
    _ = try add(&rounds, "a", after: 3_600_000)
    clocks.pass(7_200_000)
    settle(&rounds)
    #expect(try published() == ["a"])
  }

  @Test func `where the clock is set back events wait until it says their time`() throws {
    var rounds = try rounds()
    _ = try add(&rounds, "a", after: 1000)
    clocks.step(-3_600_000)
    clocks.pass(5000)
    settle(&rounds)
    #expect(try published() == [])
    clocks.pass(3_600_000)
    settle(&rounds)
    #expect(try published() == ["a"])
  }

  @Test func `the time to live counts from when an event is published`() throws {
    var rounds = try rounds()
    let delayed = DelayedEvent(
      try PendingEvent(Event(data: "a"), topics: [.default]), timeToLive: TimeToLive(text: "60s"),
      delay: .after(.seconds(10)))
    _ = rounds.run([.add(delayed) { _ in }])
    clocks.pass(3_600_000)
    settle(&rounds)
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var expiries: [Int64] = []
    _ = try reader.read(from: &cursor, byteCountMaximum: 1000) { record, _ in
      expiries.append(record.expiresAt)
    }
    #expect(expiries == [clocks.sources.wall() + 60_000])
  }

  @Test
  func `an event that was published and not noted, as before a crash, is not published again`()
    throws
  {
    do {
      var rounds = try rounds()
      _ = try add(&rounds, "a", after: 10)
      _ = try add(&rounds, "b", after: 10, key: "k")
      clocks.pass(20)
      _ = rounds.run([])
      // It dies here: what it has sent off is in the queue, and nothing says so.
      while queue.durableNext < 3 { Clock.pause(.milliseconds(1)) }
    }
    var log = try DelayedLog(queue)
    #expect(
      try log.page(behind: nil, countMaximum: 9).events.map(\.isBeingPublished) == [true, true])
    clocks.pass(3 * 86_400_000)
    var later = try rounds()
    settle(&later)
    #expect(try published().sorted() == ["a", "b"])
    #expect(try log.page(behind: nil, countMaximum: 9).count == 0)
    #expect(said.lines.withLock { $0 } == [])
  }

  @Test func `thousands that are due at once are published in batches, all of them once`() throws {
    var rounds = try rounds()
    let events = try (0..<5000).map { try event("\($0)", .after(.milliseconds(10))) }
    _ = rounds.run(events.map { .add($0) { _ in } })
    clocks.pass(20)
    settle(&rounds)
    #expect(try published().compactMap { Int($0) }.sorted() == Array(0..<5000))
  }

  @Test func `it is told how many wait, when the first is due, and which were dropped`() throws {
    let told = Mutex<[DelayedFigures]>([])
    let start = clocks.sources.wall()
    var rounds = try rounds { figures in told.withLock { $0.append(figures) } }
    _ = try add(&rounds, "a", after: 2000)
    _ = try add(&rounds, "b", after: 1000)
    #expect(told.withLock { $0.map(\.waitingCount) } == [1, 2])
    #expect(told.withLock { $0.map(\.nextDue) } == [start + 2000, start + 1000])
    clocks.pass(1000)
    settle(&rounds)
    let end = try PendingEvent(Event(data: "end"), topics: [.default], isEnd: true)
    var appender = try Appender(queue)
    _ = try appender.append([end])
    clocks.pass(1000)
    settle(&rounds)
    settle(&rounds)
    #expect(told.withLock { $0.last?.waitingCount == 0 && $0.last?.nextDue == nil })
    #expect(told.withLock { $0.reduce(0) { $0 + $1.droppedCount } } == 1)
    #expect(said.lines.withLock { $0.filter { $0.contains("has ended") }.count } == 1)
    #expect(try published() == ["b", "end"])
  }

  @Test func `what is cancelled is not published, and what is asked for is told`() throws {
    var rounds = try rounds()
    let id = try add(&rounds, "a", after: 1000).id
    let told = Mutex<[String]>([])
    _ = rounds.run([
      .find(id) { result in told.withLock { $0.append((try? result.get())??.data ?? "none") } },
      .cancel(id) { result in told.withLock { $0.append("\(result)") } },
      .page(behind: nil, countMaximum: 9) { result in
        told.withLock { $0.append("\((try? result.get())?.count ?? -1)") }
      },
    ])
    clocks.pass(2000)
    settle(&rounds)
    #expect(try published() == [])
    #expect(told.withLock { $0[0] == "a" && $0[1].contains("cancelled") && $0[2] == "0" })
  }

  @Test func `a stop waits for what is on its way, and refuses what is not`() throws {
    let publisher = try DelayedPublisher(queue, committer) { _, _ in }
    let acknowledged = Mutex(0)
    for number in 0..<100 {
      publisher.add(try event("\(number)", .after(.milliseconds(1)))) { result in
        if case .success = result { acknowledged.withLock { $0 += 1 } }
      }
    }
    while queue.durableNext == 1 { Clock.pause(.milliseconds(1)) }
    publisher.stop()
    publisher.add(try event("late", .after(.milliseconds(1)))) { result in
      if case .success = result { acknowledged.withLock { $0 += 1000 } }
    }
    var listing = try DelayedListing(readingAt: fixture.path)
    let rest = try listing.page(countMaximum: 1).count
    #expect(acknowledged.withLock { $0 } <= 100)
    #expect(try published().count + rest == acknowledged.withLock { $0 })
  }
}
