import ArgumentParser
import FileQueue
import Kernel

/// The command `weir tail`.
struct Tail: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a queue: print events as they get on disk.",
    discussion: """
      Prints what browsers get, as an event stream, until it is interrupted.

        weir tail --queue /var/lib/weir --topic 'orders.*' --from start
      """)

  @OptionGroup var queueOption: QueueOption

  @Option(
    name: .shortAndLong,
    help:
      "Only events of this topic; repeat it for more. '*' stands for a part between dots, '>' for the rest. All topics without it."
  )
  var topic: [String] = []

  @Option(
    help: ArgumentHelp(
      "Begin after the event with this id, or at the 'start' of what is there; with what comes, without it.",
      valueName: "id"))
  var from: String?

  func run() throws {
    try reportingFailures {
      SignalQueue.ignoreFailedWrites()
      let filter = try TopicFilter(topic.isEmpty ? [">"] : topic)
      let queue = try queueOption.open(creating: false)
      let watch = try queue.watch()
      var reader = QueueReader(queue)
      var cursor = try reader.cursor(at: try firstSequence(queue))
      while true {
        var output: [UInt8] = []
        let outcome = try reader.read(from: &cursor, byteCountMaximum: 1 << 20) { record, bytes in
          guard filter.matches(bytes.extracting(record.topic)) else { return }
          let body = bytes.extracting(record.body)
          for index in body.indices { output.append(body[index]) }
        }
        guard write(output) else { return }
        switch outcome {
        case .caughtUp: try watch.wait(timeout: .milliseconds(250))
        case .more: break
        case .gap(let gap):
          StandardError.write(
            "weir: events \(gap.missing.lowerBound) to \(gap.missing.upperBound - 1) are "
              + "\(gap.reason.rawValue)\n")
        }
      }
    }
  }

  /// Whether somebody still reads.
  private func write(_ output: [UInt8]) -> Bool {
    do {
      try StandardOutput.write(output)
      return true
    } catch {
      return false
    }
  }

  private func firstSequence(_ queue: borrowing Queue) throws -> UInt64 {
    guard let from else { return queue.durableNext }
    if from == "start" { return try queue.oldestSequence() }
    guard let id = EventID(from), id.epoch == queue.epoch, id.sequence < queue.durableNext else {
      throw CommandFailure(
        "--from \(from) is no event of this queue: its newest is \(queue.newestID)", exitCode: 64)
    }
    return id.sequence + 1
  }
}
