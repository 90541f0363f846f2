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

  @Option(help: "Stop after so long, however many are open.")
  var seconds = 60.0

  @OptionGroup var streams: StreamOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0.1...3600).contains(seconds) else {
      throw ValidationError("--seconds is a number from 0.1 to 3600.")
    }
  }

  func run() throws {
    var tally = Tally(
      stamp: Stamp(byteCount: Stamp.byteCountMinimum), dialect: .plain, eventCount: 0)
    var subscriptions = try Subscriptions(to: streams.url, countsRefused: true)
    let start = Clock.monotonicNanoseconds()
    try subscriptions.open(
      streams.subscribers, &tally, until: Deadline(after: .seconds(seconds)),
      deadline: output.deadline)
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
