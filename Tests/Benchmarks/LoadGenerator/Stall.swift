import ArgumentParser
import Kernel

/// The command `LoadGenerator stall`.
struct Stall: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open streams and never read from them, until it is ended.",
    discussion: "Prints \"stalled\" when all of them are open.")

  @Option(help: ArgumentHelp("The stream to open.", valueName: "url"))
  var url: Endpoint

  @Option(help: "How many streams to open.")
  var subscribers: Int

  @OptionGroup var output: OutputOptions

  func run() throws {
    let deadline = output.deadline
    var tally = Tally(
      stamp: Stamp(byteCount: Stamp.byteCountMinimum), dialect: .plain, eventCount: 0)
    var subscriptions = try Subscriptions(to: url)
    try subscriptions.open(subscribers, &tally, deadline: deadline)
    var report = Report()
    report.add("subscribers", "stalled", subscribers)
    try output.publish(report)
    while !deadline.isPast { Clock.pause(.milliseconds(100)) }
  }
}
