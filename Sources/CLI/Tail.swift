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

  @OptionGroup var queueOption: QueueOption
  @OptionGroup var range: QueueRange

  @Flag(help: "Print a JSON object a line: id, time, topic, event, message.")
  var json = false

  func run() throws {
    try reportingFailures {
      let queue = try queueOption.open(creating: false)
      let watch = try queue.watch()
      var printer = try EventPrinter(
        queue, from: try range.firstSequence(of: queue, otherwise: queue.durableNext),
        filter: try range.filter(), format: json ? .ndjson : .eventStream)
      while true {
        do {
          _ = try printer.printAll(expired: false)
        } catch let error as SystemCallError where error.errno == .brokenPipe {
          return
        }
        try watch.wait(timeout: .milliseconds(250))
      }
    }
  }
}
