import EventStream
import Kernel
import Support
import Synchronization
import Testing

@testable import FileQueue

/// What is taken in to be published later, and what is not.
struct DelayedAdmissionTests {
  private let fixture: QueueFixture

  init() throws {
    fixture = try QueueFixture(inMemory: true)
  }

  private func event(
    _ data: String, topics: [String] = ["t"], key: String? = nil, isEnd: Bool = false,
    after milliseconds: Int64 = 60_000
  ) throws -> DelayedEvent {
    DelayedEvent(
      try PendingEvent(
        Event(data: data), topics: try topics.map { text throws(QueueError) in try Topic(text) },
        key: try key.map { text throws(QueueError) in try EventKey(text) }, isEnd: isEnd),
      delay: .after(.milliseconds(milliseconds)))
  }

  @Test func `an event of a topic that has ended is refused at once, until that is deleted`() throws
  {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    var log = try DelayedLog(try fixture.open())
    _ = try log.add([event("before")], now: 0)[0].get()
    _ = try appender.append([event("last", topics: ["t", "u"], isEnd: true).event])
    for topics in [["t"], ["other", "u"]] {
      let error = #expect(throws: QueueError.self) {
        try log.add([event("late", topics: topics)], now: 0)[0].get()
      }
      guard case .topicEnded(let topic) = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(topic == topics.last)
    }
    #expect(try log.page(behind: nil, countMaximum: 9).events.map(\.data) == ["before"])
    _ = try appender.delete([try Topic("t")])
    _ = try log.add([event("anew")], now: 0)[0].get()
  }

  @Test func `one that the queue has by its key does not wait, and another is refused`() throws {
    let queue = try fixture.open()
    var appender = try Appender(queue)
    var log = try DelayedLog(queue)
    _ = try appender.append([event("a", key: "k").event])
    let outcomes = try log.add(
      [
        event("a", key: "k"), event("b", key: "k"), event("c", key: "l"), event("c", key: "l"),
        event("d"),
      ], now: 0
    ) { (events) throws(QueueError) in try appender.find(events) }
    guard case .isPublished(let appended) = try outcomes[0].get() else {
      Issue.record("it waits")
      return
    }
    #expect(appended.sequence == 1 && appended.isReplayed)
    #expect(throws: QueueError.self) { try outcomes[1].get() }
    #expect(try log.page(behind: nil, countMaximum: 9).events.map(\.data) == ["c", "d"])
  }

  @Test func `nobody takes in or publishes an event while the queue is asked for its key`() throws {
    let queue = try fixture.open()
    var log = try DelayedLog(queue)
    let other = FileLock(
      try Descriptor.open(queue.directory.delayedLockPath, .readWrite))
    var wasFree: Bool?
    _ = try log.add([event("a", key: "k")], now: 0) { (events) throws(QueueError) in
      wasFree = try? other.tryLock()
      return events.map { _ in nil }
    }
    #expect(wasFree == false)
  }

  @Test(.timeLimit(.minutes(1)))
  func `of events with one key that two workers take in at once one is published, once`() throws {
    let queues = [try fixture.open(), try fixture.open()]
    let committers = try queues.map { try Committer($0) }
    let publishers = try zip(queues, committers).map {
      try DelayedPublisher($0, $1) { _, _ in }
    }
    let keyCount = 150
    let fresh = Mutex([Int](repeating: 0, count: keyCount))
    let missing = Mutex(keyCount * 6)
    for number in 0..<keyCount {
      // Due at once, so that it is published between one try and the next.
      for attempt in 0..<6 {
        let delayed = try event("\(number)", key: "\(number)", after: Int64(1 + attempt % 3))
        publishers[attempt % 2].add(delayed) { result in
          if case .success(.waits(let receipt)) = result, !receipt.isReplayed {
            fresh.withLock { $0[number] += 1 }
          }
          if case .failure(let error) = result { Issue.record("\(error)") }
          missing.withLock { $0 -= 1 }
        }
        if attempt == 1 { Clock.pause(.milliseconds(2)) }
      }
    }
    while missing.withLock({ $0 }) > 0 || queues[0].durableNext <= UInt64(keyCount) {
      Clock.pause(.milliseconds(2))
    }
    for publisher in publishers { publisher.stop() }
    for committer in committers { committer.stop() }
    #expect(fresh.withLock { $0 } == [Int](repeating: 1, count: keyCount))
    #expect(try fixture.read(queues[0]).compactMap { Int($0) }.sorted() == Array(0..<keyCount))
  }

  @Test func `by a clock that was set back no event gets an id that one had`() throws {
    var log = try DelayedLog(try fixture.open())
    let first = try log.add([event("a"), event("b")], now: 1_800_000_000_000)[1].get().id
    _ = try log.cancel([first])
    let later = try log.add([event("c")], now: 1_700_000_000_000)[0].get().id
    #expect(later > first)
    let right = try log.add([event("d")], now: 1_900_000_000_000)[0].get().id
    #expect(right > later.next)
  }

  @Test func `when all are cancelled the file's room is free at once`() throws {
    var log = try DelayedLog(try fixture.open())
    let text = String(repeating: "x", count: 1000)
    let events = try (0..<100).map { _ in try event(text) }
    let ids = try log.add(events, now: 0).map { try $0.get().id }
    _ = try log.cancel(Array(ids.dropLast()))
    #expect(try fixture.directory.bytes("delayed").count > 100_000)
    #expect(try log.cancel([ids[99]]) == [.cancelled])
    #expect(try fixture.directory.bytes("delayed") == DelayedEntry.header)
    _ = try log.add([event("again")], now: 0)[0].get()
    #expect(try log.page(behind: nil, countMaximum: 9).events.map(\.data) == ["again"])
  }
}
