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
    help:
      "Only events of this type; repeat it for more, or write commas between. 'message' stands for those without one."
  )
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
    for name in eventNames {
      do { _ = try EventType(name) } catch .reservedType {
        // Weir's own: streams may be asked for nothing else.
      } catch {
        throw ValidationError(
          "--event: \(error); 'message' stands for events without a type.")
      }
    }
  }

  /// Where to begin, as a stream's parameter has it; nil for with what comes.
  var sinceText: String? { since ?? (from == "start" ? "all" : from) }

  /// The filter; nil for all topics.
  func filter() throws -> TopicFilter? {
    topic.isEmpty ? nil : try TopicFilter(topic)
  }

  /// The names of the events that are wanted; nil for all.
  var names: EventNames? { event.isEmpty ? nil : EventNames(eventNames) }

  private var eventNames: [String] {
    event.flatMap { text in
      text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        .map { String(Substring($0)) }
    }
  }
}
