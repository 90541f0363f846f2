import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `LoadGenerator fill`.
struct Fill: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Put many events into a queue, as fast as it takes them or at a rate.")

  @Option(help: ArgumentHelp("The queue.", valueName: "path"))
  var publishQueue: String

  @Option(help: "The topic of all events.")
  var topic = "load"

  @Option(help: "How many events.")
  var count: Int

  @Option(help: "Events a second; as fast as it goes without it.")
  var rate: Double?

  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...100_000_000).contains(count), rate ?? 1 > 0 else {
      throw ValidationError("--count is a number from 1 to 100000000, --rate one above 0.")
    }
  }

  func run() throws {
    var publisher = try QueuePublisher(
      to: FilePath(publishQueue), topics: [try Topic(topic)],
      stamp: data.stamp(run: Stamp.filledRun))
    var tally = PublishTally(.weir)
    if let rate {
      let loop = OpenLoop(
        startNanoseconds: Clock.monotonicNanoseconds(), rate: rate, eventCount: count)
      try publisher.run(loop, &tally, deadline: output.deadline)
    } else {
      try publisher.fill(count, &tally)
    }
    let seconds = Double(max(1, tally.endNanoseconds - tally.startNanoseconds)) / 1e9
    var report = Report()
    tally.describe(in: &report)
    report.add("rate", "rate", Double(tally.events.count) / seconds, "events/s", digits: 0)
    try output.publish(report)
    guard tally.isClean else { throw ExitCode(1) }
  }
}
