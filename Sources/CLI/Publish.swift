import ArgumentParser
import EventStream
import FileQueue
import Kernel

/// The command `weir publish`.
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put an event into a queue; no server is needed.",
    discussion: """
      Prints the event's id once the event is on disk. Streams that are open get it at once.

        weir publish --queue /var/lib/weir --topic orders "order 7 is paid"
        date | weir publish --queue /var/lib/weir
      """)

  @OptionGroup var queueOption: QueueOption

  @Option(name: .shortAndLong, help: "The topic to publish under.")
  var topic = "default"

  @Option(name: .shortAndLong, help: "The event's type, which browsers listen for by name.")
  var event: String?

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
  var ttl: TimeToLive?

  @Argument(
    help:
      "The event's data; without it, or as '-', standard input to its end, less one newline there.")
  var message: String?

  private static func timeToLive(_ text: String) throws -> TimeToLive {
    guard let ttl = TimeToLive(text: text) else {
      throw ValidationError("it is \(TimeToLive.rule)")
    }
    return ttl
  }

  func run() throws {
    try reportingFailures {
      let pending = try pendingEvent()
      let queue = try queueOption.open(creating: false)
      var appender = try Appender(queue)
      let appended = try appender.append([pending])[0].get()
      let id = queue.epochs.id(of: appended.sequence)
      try StandardOutput.write("\(id)\n", afterwards: "event \(id) is queued")
    }
  }

  private func pendingEvent() throws -> PendingEvent {
    let topic = try Topic(topic)
    do {
      let type = try event.map { text throws(EventStreamError) in try EventType(text) }
      return try PendingEvent(
        Event(type: type, data: try data(), retryMilliseconds: retry), topic: topic,
        expiresAt: ttl?.expiresAt)
    } catch let error as EventStreamError {
      throw CommandFailure("\(error)", exitCode: 64)
    }
  }

  private func data() throws -> String {
    if let message, message != "-" { return message }
    try StandardInput.requireOpen(for: "published")
    let limit = QueueLimits.bodyByteCountMaximum
    var bytes = try StandardStream.input.readAll(byteCountMaximum: limit)
    guard bytes.count <= limit else {
      throw QueueError.eventTooLarge(byteCount: bytes.count, byteCountMaximum: limit)
    }
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw CommandFailure("standard input is not UTF-8: publish text", exitCode: 65)
    }
    return text
  }
}
