import EventStream
import FileQueue
import Kernel
import SystemPackage

/// Puts events straight into a queue, as any process may that has it: what is due goes in one batch.
struct QueuePublisher: ~Copyable {
  private static let batchEventCountMaximum = 4096

  private var appender: Appender
  private let queue: Queue
  private let topics: [Topic]
  private let stamp: Stamp

  /// - Parameter topics: event N goes to the topic N modulo their number.
  init(to path: FilePath, topics: [Topic], stamp: Stamp) throws {
    let queue = try Queue(at: path, creating: false)
    appender = try Appender(queue)
    self.queue = queue
    self.topics = topics
    self.stamp = stamp
  }

  /// Publishes all events of `loop` at their times, until `deadline`.
  mutating func run(_ loop: OpenLoop, _ tally: inout PublishTally, deadline: Deadline) throws {
    tally.startNanoseconds = loop.startNanoseconds
    var number = 0
    while number < loop.eventCount && !deadline.isPast {
      let now = Clock.monotonicNanoseconds()
      let due = loop.dueNanoseconds(of: number)
      if now < due {
        Clock.pause(Duration(nanoseconds: due - now))
        continue
      }
      if now - due > OpenLoop.lagNanosecondsMaximum { break }
      // By rounding the event that is due now may be counted as not yet due.
      let end = max(number + 1, min(loop.dueNext(at: now), number + Self.batchEventCountMaximum))
      tally.lag.record(now - due)
      tally.lastSentNanoseconds = now
      try append(number..<end, &tally) { loop.dueNanoseconds(of: $0) }
      number = end
    }
    tally.unsentCount = loop.eventCount - number
    tally.unansweredCount = tally.unsentCount
  }

  /// Publishes `count` events as fast as they go.
  mutating func fill(_ count: Int, _ tally: inout PublishTally) throws {
    tally.startNanoseconds = Clock.monotonicNanoseconds()
    for start in stride(from: 0, to: count, by: Self.batchEventCountMaximum) {
      let now = Clock.monotonicNanoseconds()
      try append(start..<min(count, start + Self.batchEventCountMaximum), &tally) { _ in now }
    }
  }

  private mutating func append(
    _ numbers: Range<Int>, _ tally: inout PublishTally, dueAt: (Int) -> Int64
  ) throws {
    var events: [PendingEvent] = []
    events.reserveCapacity(numbers.count)
    for number in numbers {
      let data = stamp.data(number: number, nanoseconds: dueAt(number))
      events.append(
        try PendingEvent(
          Event(data: String(decoding: data, as: UTF8.self)), topic: topics[number % topics.count]))
    }
    let sequences = try appender.append(events).sequences
    tally.add(numbers: numbers, sequences: sequences, epoch: queue.epoch)
  }
}
