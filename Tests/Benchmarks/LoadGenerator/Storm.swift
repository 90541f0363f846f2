import ArgumentParser
import Kernel

/// The command `LoadGenerator storm`.
struct Storm: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open many streams as fast as they are let in.",
    discussion: """
      200 connects are under way at a time. A stream is let in when its response's head is there; a
      status other than 200 and a broken connection count as refused.
      """)

  @Option(help: ArgumentHelp("The stream to open.", valueName: "url"))
  var url: Endpoint

  @Option(help: "How many streams to open.")
  var subscribers: Int

  @Option(help: "Stop after so long, however many are open.")
  var seconds = 60.0

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...1_000_000).contains(subscribers), (0.1...3600).contains(seconds) else {
      throw ValidationError(
        "--subscribers is a number from 1 to 1000000, --seconds one from 0.1 to 3600.")
    }
  }

  func run() throws {
    var tally = Tally(
      stamp: Stamp(byteCount: Stamp.byteCountMinimum), dialect: .plain, eventCount: 0)
    var subscriptions = try Subscriptions(to: url, countsRefused: true)
    let start = Clock.monotonicNanoseconds()
    try subscriptions.open(
      subscribers, &tally, until: Deadline(after: .seconds(seconds)), deadline: output.deadline)
    let seconds = Double(Clock.monotonicNanoseconds() - start) / 1e9
    var report = Report()
    report.add("opened", "let in", subscriptions.openCount, "streams")
    report.add("refused", "refused", subscriptions.refusedCount, "streams")
    report.add(
      "opened_per_second", "rate", Double(subscriptions.openCount) / seconds, "/s", digits: 0)
    report.add("opening", "let in after", subscriptions.opening)
    try output.publish(report)
    guard subscriptions.refusedCount == 0 else { throw ExitCode(1) }
  }
}
