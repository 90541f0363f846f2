import ArgumentParser
import EventStream
import FileQueue
import Kernel

/// The options that choose events.
struct EventRange: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help:
      "Only events of this topic; repeat it for more. '*' stands for a part between dots, '>' for the rest. All topics without it."
  )
  var topic: [String] = []

  @Option(
    name: .shortAndLong,
    help: "Only events of this type; repeat it for more. 'message' stands for those without one.")
  var event: [String] = []

  @Option(
    help: ArgumentHelp(
      "Begin behind the event with this id, at a time (Unix time, or as 2030-01-31T08:00:00Z), a time ago (90s, 10m, 12h, 7d), or with 'all' that is there.",
      valueName: "place"))
  var since: String?

  @Option(
    help: ArgumentHelp(
      "Begin with the last events, so many of each topic named.", valueName: "number"),
    transform: OptionRange.lastEvents.value)
  var last: Int?

  @Option(
    help: ArgumentHelp("As --since; 'start' is 'all'.", valueName: "id"))
  var from: String?

  func validate() throws {
    guard [since != nil, last != nil, from != nil].count(where: \.self) <= 1 else {
      throw ValidationError("Name one of --since, --last and --from.")
    }
  }

  /// Where to begin, as a stream's parameter has it; nil for with what comes.
  var sinceText: String? { since ?? (from == "start" ? "all" : from) }

  /// The filter; nil for all topics.
  func filter() throws -> TopicFilter? {
    topic.isEmpty ? nil : try TopicFilter(topic)
  }

  /// Whether an event of this type is wanted.
  func takes(_ record: RecordLayout, _ bytes: Span<UInt8>) -> Bool {
    if event.isEmpty { return true }
    let body = bytes.extracting(record.body)
    guard let place = EventStreamWriter.name(in: body) else {
      return event.contains { $0.utf8.elementsEqual("message".utf8) }
    }
    let name = body.extracting(place)
    return event.contains { Array($0.utf8).span.hasSameBytes(as: name) }
  }

  /// The sequence to begin with.
  ///
  /// - Parameter beginning: where to begin if nothing is said.
  func firstSequence(of queue: Queue, otherwise beginning: UInt64) throws -> UInt64 {
    guard let text = sinceText else { return beginning }
    switch text {
    case "all", "earliest": return try queue.oldestSequence()
    case "now", "none": return queue.durableNext
    default: break
    }
    if let time = Self.time(text) {
      var reader = QueueReader(queue)
      return switch try reader.place(since: time) {
      case .end(let sequence), .event(let sequence): sequence
      case .removed: try queue.oldestSequence()
      }
    }
    guard let id = EventID(text) else {
      throw CommandFailure(
        "\(optionName) is '\(text)'; it is an id such as \(queue.newestID), \(WrittenTime.rule), a time "
          + "ago such as 90s, 10m, 12h or 7d, or 'all'", exitCode: 64)
    }
    guard queue.place(of: id) == .known else {
      throw CommandFailure(
        "\(optionName) \(text) is no event of this queue: its newest is \(queue.newestID)",
        exitCode: 64)
    }
    return id.sequence + 1
  }

  private var optionName: String { since == nil ? "--from" : "--since" }

  /// Milliseconds since 1970; nil where it is no time, and no time ago.
  private static func time(_ text: String) -> Int64? {
    if let time = WrittenTime(text) { return time.unixMilliseconds }
    guard text.utf8.last.map({ !(0x30...0x39).contains($0) }) == true,
      let age = Duration(text: text)
    else { return nil }
    return max(0, Clock.unixMilliseconds() - age.wholeMilliseconds)
  }
}
