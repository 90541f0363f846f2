import ArgumentParser
import Figures
import FileQueue
import Kernel

/// The command `weir export`.
struct Export: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a queue's events to standard output.",
    discussion: """
      Writes everything that is on disk when it gets there, oldest first, then ends; weir may serve \
      the queue meanwhile. Lines of JSON keep all that `weir import` needs; an event stream has no \
      topics and times.

        weir export --queue /var/lib/weir > events.ndjson
      """)

  @OptionGroup var queueOption: QueueOption
  @OptionGroup var range: EventRange

  @Option(help: "ndjson or event-stream.")
  var format = EventFormat.ndjson

  @OptionGroup var quiet: QuietOption

  func run() throws {
    try reportingFailures {
      let queue = try queueOption.openForReading()
      let lastCount = range.lastCount
      let (first, gap) = try range.beginning(
        in: queue, otherwise: try lastCount == nil ? queue.oldestSequence() : queue.durableNext)
      if let gap {
        // A stream goes on with what there is; a copy that goes on behind another one would not fit it.
        guard gap.reason == GapReason.expired.rawValue else {
          throw CommandFailure(
            "\(gap.requested) is no event of this queue: its newest is \(queue.newestID)",
            exitCode: 64)
        }
        gap.tell()
      }
      // On the terminal where the events appear they show how far it is.
      let progress = Progress(
        "export", of: Int(clamping: queue.durableNext - min(first, queue.durableNext)), .events,
        isQuiet: quiet.quiet || StandardStream.output.isTerminal)
      var printer = try EventPrinter(
        queue, from: first, range,
        as: format == .ndjson ? .exportLine : .eventStream(hasRetry: true),
        progress: progress)
      if let lastCount {
        try printer.printLast(lastCount)
      } else {
        try printer.printAll(expired: true)
      }
      if printer.damagedCount > 0 {
        throw CommandFailure(
          "\(printer.damagedCount) events are missing in this: `weir check` tells where the queue is "
            + "damaged", exitCode: 65)
      }
    }
  }
}
