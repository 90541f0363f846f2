import ArgumentParser
import EventStream
import FileQueue

/// The options that are an event's fields, as in a publish request.
struct EventOptions: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: "The topic to publish under, 'default' without it; repeat it for an event under several.")
  var topic: [String] = []

  @Option(name: .shortAndLong, help: "The event's type, which browsers listen for by name.")
  var event: String?

  @Option(
    help: ArgumentHelp(
      "By what a second publish of the event is known: it queues nothing, and gets the id of the first.",
      valueName: "text"))
  var key: String?

  @Flag(help: "Make it the last event of its topics: streams of only these end with it.")
  var end = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Tell browsers to wait so long before they reconnect.", valueName: "milliseconds"),
    transform: OptionRange.retry.value)
  var retry: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Not deliver it any more after so long: seconds, or a number with ms, s, m, h or d.",
      valueName: "time"),
    transform: Self.timeToLive)
  var ttl: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Publish it after so long, up to 30d: seconds, or a number with ms, s, m, h or d. It waits in the queue until then, and a worker (weir serve) publishes it.",
      valueName: "time"),
    transform: Self.delay)
  var delay: String?

  @Option(
    help: ArgumentHelp(
      "Publish it at this moment: Unix time, or such as 2026-11-25T12:00:00Z.", valueName: "moment"),
    transform: Self.moment)
  var at: String?

  func validate() throws {
    if delay != nil, at != nil { throw ValidationError("Name either --delay or --at, not both.") }
  }

  private static func delay(_ text: String) throws -> String {
    guard Delay(after: text) != nil else { throw ValidationError("it is \(Delay.afterRule)") }
    return text
  }

  private static func moment(_ text: String) throws -> String {
    guard Delay(at: text) != nil else { throw ValidationError("it is \(Delay.atRule)") }
    return text
  }

  private static func timeToLive(_ text: String) throws -> String {
    guard TimeToLive(text: text) != nil else { throw ValidationError("it is \(TimeToLive.rule)") }
    return text
  }

  /// The first option that is of one event and not of many.
  var ofOneEvent: String? {
    key != nil ? "--key" : nil
  }

  /// The fields of events that lack them, as a batch's query has them.
  var query: [(name: String, value: String)] {
    let further = [("event", event), ("retry", retry.map { "\($0)" }), ("ttl", ttl)]
    return topic.map { (name: "topic", value: $0) }
      + further.compactMap { name, value in value.map { (name: name, value: $0) } }
  }

  /// The event with these fields.
  func publication(_ message: String) -> Publication {
    Publication(
      message: message, topics: topic, event: event, key: key, end: end, retry: retry,
      ttl: ttl, delay: delay, at: at)
  }
}
