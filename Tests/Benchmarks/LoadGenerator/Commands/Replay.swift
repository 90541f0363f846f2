import ArgumentParser
import Kernel

/// The command `LoadGenerator replay`.
struct Replay: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have many streams resume at once, and read what `fill` has put into the queue.",
    discussion: "Checks that every stream shows every event exactly once, in order.")

  @Option(help: ArgumentHelp("The event behind which all streams begin.", valueName: "id"))
  var lastEventID: String

  @Option(help: "How many events lie behind it.")
  var count: Int

  @Option(help: "Tell the CPU time of this process: the hub's, nginx's worker's.")
  var pid: [Int] = []

  @OptionGroup var streams: StreamOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...100_000_000).contains(count) else {
      throw ValidationError("--count is a number from 1 to 100000000.")
    }
  }

  func run() throws {
    let deadline = output.deadline
    var tally = Tally(
      stamp: data.stamp(run: Stamp.filledRun), dialect: .weir, eventCount: count)
    var subscriptions = try Subscriptions(to: streams.url, lastEventID: lastEventID)
    let times = try ProcessTimes(of: pid)
    let start = Clock.monotonicNanoseconds()
    try subscriptions.open(streams.subscribers, &tally, deadline: deadline)
    while tally.deliveredCount < count * streams.subscribers, !deadline.isPast {
      try subscriptions.read(&tally, timeout: .milliseconds(100))
      if subscriptions.endedCount > 0 { break }
    }
    let wall = Clock.monotonicNanoseconds() - start
    let missingCount = count * streams.subscribers - tally.deliveredCount + tally.duplicateCount
    var report = Report()
    report.add("subscribers", "streams", streams.subscribers)
    report.add("delivered", "delivered", tally.deliveredCount, "events")
    report.add("lost", "not delivered", missingCount, "events")
    report.add("duplicated", "duplicated", tally.duplicateCount, "events")
    report.add("out_of_order", "out of order", tally.lateCount, "events")
    report.add("wrong", "under a wrong id", tally.wrongCount, "events")
    report.add("gaps", "gap events", tally.gapCount)
    report.add("ended_streams", "streams that ended early", subscriptions.endedCount)
    report.add("seconds", "time", Double(wall) / 1e9, "s", digits: 2)
    report.add(
      "rate", "rate", Double(tally.deliveredCount) * 1e9 / Double(wall), "deliveries/s", digits: 0)
    try times.describe(in: &report, deliveredCount: tally.deliveredCount)
    try output.publish(report)
    let isExact =
      missingCount + tally.duplicateCount + tally.lateCount + tally.wrongCount + tally.gapCount == 0
    guard isExact, subscriptions.endedCount == 0 else { throw ExitCode(1) }
  }
}
