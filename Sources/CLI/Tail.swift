import ArgumentParser
import FileQueue
import Kernel

/// The command `weir tail`.
struct Tail: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Follow a queue: print events as they get on disk.",
    discussion: """
      Prints what browsers get, as an event stream, or with --json as lines of JSON, until it is \
      interrupted. Begins with what comes, unless --from says otherwise.

        weir tail --queue /var/lib/weir --topic 'orders.*' --from start
      """)

  /// The queue is looked at so often, whatever the watch tells.
  private static let interval: Duration = .milliseconds(250)

  @OptionGroup var queueOption: QueueOption
  @OptionGroup var range: QueueRange

  @Flag(help: "Print a JSON object a line: id, time, topic, event, message.")
  var json = false

  func run() throws {
    try reportingFailures {
      var queue = try queueOption.openForReading()
      var watch = Self.watch(queue)
      var printer = try EventPrinter(
        queue, from: try range.firstSequence(of: queue, otherwise: queue.durableNext),
        filter: try range.filter(), format: json ? .ndjson : .eventStream)
      var isRead = true
      while isRead {
        switch try queue.look() {
        case .here: _ = try printer.printAll(expired: false)
        // It may come back, or another one in its place.
        case .gone: break
        case .replaced, .fileDeleted:
          let (found, next) = try successor(of: queue, next: printer.next)
          try printer.goOn(in: found, from: next)
          watch = Self.watch(found)
          queue = found
        }
        isRead =
          try
          !(watch?.wait(orHangUpOf: .output, timeout: Self.interval)
          ?? StandardStream.output.waitForHangUp(timeout: Self.interval))
      }
    }
  }

  /// A watch that tells of new events at once; nil where there can be none, which costs a delay only.
  private static func watch(_ queue: Queue) -> FileWatch? {
    do {
      return try queue.watch()
    } catch {
      StandardError.write(
        "weir: no watch on the queue, events come with a delay of up to \(interval.wholeMilliseconds) ms: "
          + "\(error.descriptionWithAdvice)\n")
      return nil
    }
  }

  /// The queue that is at the path now, in which the tail goes on: a worker has begun to serve it, or it
  /// was put back from a copy.
  private func successor(
    of queue: Queue, next: UInt64
  ) throws -> (found: Queue, next: UInt64) {
    let found = try queueOption.openForReading()
    let seen = queue.epochs.id(of: next - 1)
    switch found.place(of: seen) {
    case .known: return (found, next)
    case .lost(let next):
      StandardError.write("weir: the queue was restored: what came up to \(seen) is lost in it\n")
      return (found, next)
    case .ahead, .unknown:
      throw CommandFailure(
        "another queue is at \(queueOption.queue), which does not know \(seen): start this again",
        exitCode: 74)
    }
  }
}
