import ArgumentParser
import Kernel

/// The command `LoadGenerator stall`.
struct Stall: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open streams and never read from them, until it is ended.",
    discussion: "Prints \"stalled\" when all of them are open.")

  @OptionGroup var streams: StreamOptions
  @OptionGroup var output: OutputOptions

  func run() throws {
    let deadline = output.deadline
    var tally = Tally(
      stamp: Stamp(byteCount: Stamp.byteCountMinimum), dialect: .plain, eventCount: 0)
    var subscriptions = try Subscriptions(to: streams.url)
    try subscriptions.open(streams.subscribers, &tally, deadline: deadline)
    var report = Report()
    report.add("subscribers", "stalled", streams.subscribers)
    try output.publish(report)
    while !deadline.isPast { Clock.pause(.milliseconds(100)) }
  }
}
