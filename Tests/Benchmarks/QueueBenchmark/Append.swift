import ArgumentParser
import EventStream
import FileQueue
import Kernel
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

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    var appender = try Appender(queue)
    let text = String(repeating: "x", count: bytes)
    let topic = try Topic("topic.0")
    let event = Event(data: text)
    let pending = try (0..<topics).map { try PendingEvent(event, topic: Topic("topic.\($0)")) }
    let rareEvent = try PendingEvent(event, topic: Topic("rare"))
    let (rare, topics, batch, events) = (rare, topics, batch, events)
    var done = 0
    let start = Clock.monotonicNanoseconds()
    while done < events {
      let count = min(batch, events - done)
      // Rendering an event for the queue is part of publishing it.
      let next = try (done..<(done + count)).map { number in
        if rare > 0, number % rare == 0 { return rareEvent }
        return topics == 1
          ? try PendingEvent(event, topic: topic) : pending[number % topics]
      }
      _ = try appender.append(next)
      done += count
    }
    let time = seconds(since: start)
    try printFigures([
      "events": Double(events), "seconds": time, "events_per_second": Double(events) / time,
    ])
  }
}
