import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueBenchmark replay`.
struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Read the events of one topic among all that are kept.")

  @OptionGroup var option: QueueOption
  @Option(help: "The topic, or a pattern.")
  var topic = "rare"
  @Option(help: "Make the topic tables of sealed segments first, as a worker does.")
  var upkeepSeconds = 0

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: false)
    if upkeepSeconds > 0 {
      let upkeep = try Upkeep(
        queue,
        retention: Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: nil)
      ) { _, _ in }
      _ = try Waker().wait(timeout: .seconds(upkeepSeconds))
      upkeep.stop()
    }
    let filter = try TopicFilter([topic])
    let start = Clock.monotonicNanoseconds()
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var events = 0
    var firstSeconds = 0.0
    while true {
      let outcome = try reader.read(
        from: &cursor, matching: filter, byteCountMaximum: 48 << 10
      ) { _, _ in
        if events == 0 { firstSeconds = seconds(since: start) }
        events += 1
      }
      guard case .more = outcome else { break }
    }
    try printFigures([
      "retained": Double(queue.durableNext - 1), "events": Double(events),
      "first_ms": firstSeconds * 1000, "all_ms": seconds(since: start) * 1000,
    ])
  }
}
