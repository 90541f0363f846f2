import ArgumentParser
import EventStream
import FileQueue
import Kernel
import Synchronization
import SystemPackage

/// The command `QueueBenchmark append`.
struct Append: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append events in batches; each batch is on disk before the next begins.")

  @OptionGroup var option: QueueOption
  @Option(help: "Events in all.")
  var events = 2_000_000
  @Option(help: "Events in a batch.")
  var batch = 16_384
  @Option(help: "Bytes of data in an event.")
  var bytes = 100
  @Option(help: "Topics that the events are spread over.")
  var topics = 1
  @Option(help: "One event in so many is of the topic 'rare'; 0 for none.")
  var rare = 0
  @Option(help: "Topics that have ended before.")
  var ended = 0

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    var appender = try Appender(queue)
    try endTopics(with: &appender)
    let batches = try Batches()
    let start = Clock.monotonicNanoseconds()
    // One thread makes events, as publishers do, while the other puts those before on disk.
    let maker = EventMaker(
      events: events, batch: batch, bytes: bytes, topics: topics, rare: rare)
    let thread = try Thread(name: "publisher") { maker.run(into: batches) }
    var done = 0
    while done < events {
      let next = try batches.take()
      _ = try appender.append(next)
      done += next.count
    }
    let time = seconds(since: start)
    thread.join()
    try printFigures([
      "events": Double(events), "seconds": time, "events_per_second": Double(events) / time,
    ])
  }

  private func endTopics(with appender: inout Appender) throws {
    let event = Event(data: "end")
    for start in stride(from: 0, to: ended, by: batch) {
      _ = try appender.append(
        try (start..<min(start + batch, ended)).map {
          try PendingEvent(event, topics: [Topic("ended.job.\($0)")], isEnd: true)
        })
    }
  }
}

/// Makes the events that are appended.
private struct EventMaker: Sendable {
  let events: Int
  let batch: Int
  let bytes: Int
  let topics: Int
  let rare: Int

  func run(into batches: Batches) {
    do {
      let event = Event(data: String(repeating: "x", count: bytes))
      let names = try (0..<topics).map { try Topic("topic.\($0)") }
      let rareName = try Topic("rare")
      for start in stride(from: 0, to: events, by: batch) {
        batches.put(
          try (start..<min(start + batch, events)).map { number in
            let isRare = rare > 0 && number % rare == 0
            return try PendingEvent(event, topic: isRare ? rareName : names[number % topics])
          })
      }
    } catch {
      preconditionFailure("\(error)")
    }
  }
}

/// Batches on their way from the thread that makes them to the one that appends them.
private final class Batches: Sendable {
  private static let countMaximum = 4
  private let waiting = Mutex<[[PendingEvent]]>([])
  private let isFilled: Waker
  private let isEmptied: Waker

  init() throws {
    isFilled = try Waker()
    isEmptied = try Waker()
  }

  func put(_ batch: [PendingEvent]) {
    while waiting.withLock({ $0.count }) >= Self.countMaximum { _ = try? isEmptied.wait() }
    waiting.withLock { $0.append(batch) }
    isFilled.ring()
  }

  func take() throws -> [PendingEvent] {
    while true {
      if let batch = waiting.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
        isEmptied.ring()
        return batch
      }
      try isFilled.wait()
    }
  }
}
