import ArgumentParser
import FileQueue

/// The options that choose events of a queue.
struct QueueRange: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help:
      "Only events of this topic; repeat it for more. '*' stands for a part between dots, '>' for the rest. All topics without it."
  )
  var topic: [String] = []

  @Option(
    help: ArgumentHelp(
      "Begin behind the event with this id, or at the 'start' of what is there.", valueName: "id"))
  var from: String?

  /// The filter; nil for all topics.
  func filter() throws -> TopicFilter? {
    topic.isEmpty ? nil : try TopicFilter(topic)
  }

  /// The sequence to begin with.
  ///
  /// - Parameter beginning: where to begin if `--from` says nothing.
  func firstSequence(of queue: Queue, otherwise beginning: UInt64) throws -> UInt64 {
    guard let from else { return beginning }
    if from == "start" { return try queue.oldestSequence() }
    guard let id = EventID(from), queue.place(of: id) == .known else {
      throw CommandFailure(
        "--from \(from) is no event of this queue: its newest is \(queue.newestID)", exitCode: 64)
    }
    return id.sequence + 1
  }
}
