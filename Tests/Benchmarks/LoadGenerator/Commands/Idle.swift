import ArgumentParser
import Kernel

/// The command `LoadGenerator idle`.
struct Idle: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Open many streams and tell what memory they cost a process.",
    discussion: """
      Name each process to look at with a --pid of its own: the hub, nginx's worker. The first
      figures are taken before any stream is opened.
      """)

  @Option(help: "How long to leave them open before memory is looked at.")
  var seconds: Int

  @Option(help: "A process to look at.")
  var pid: [Int]

  @OptionGroup var streams: StreamOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (0...3600).contains(seconds) else {
      throw ValidationError("--seconds is a number from 0 to 3600.")
    }
  }

  func run() throws {
    let deadline = output.deadline
    let before = try pid.map { try ProcessMemory(pid: $0) }
    var tally = Tally(
      stamp: Stamp(byteCount: Stamp.byteCountMinimum), dialect: .plain, eventCount: 0)
    var subscriptions = try Subscriptions(to: streams.url)
    try subscriptions.open(streams.subscribers, &tally, deadline: deadline)
    let end = Deadline(after: .seconds(seconds))
    while !end.isPast {
      try deadline.check("streams are left open")
      try subscriptions.read(&tally, timeout: min(end.remaining, .milliseconds(200)))
    }
    let after = try pid.map { try ProcessMemory(pid: $0) }

    var report = Report()
    report.add("subscribers", "streams", streams.subscribers)
    report.add("ended_streams", "streams that ended early", subscriptions.endedCount)
    for (before, after) in zip(before, after) {
      let name = after.name
      report.add("\(name)_rss_before_kib", "\(name): resident before", before.residentKiB, "KiB")
      report.add("\(name)_rss_kib", "\(name): resident with them", after.residentKiB, "KiB")
      let rss = Double(after.residentKiB - before.residentKiB) / Double(streams.subscribers)
      report.add("\(name)_rss_per_stream_kib", "\(name): resident a stream", rss, "KiB", digits: 2)
      report.add("\(name)_pss_before_kib", "\(name): Pss before", before.proportionalKiB, "KiB")
      report.add("\(name)_pss_kib", "\(name): Pss with them", after.proportionalKiB, "KiB")
      let pss = Double(after.proportionalKiB - before.proportionalKiB) / Double(streams.subscribers)
      report.add("\(name)_pss_per_stream_kib", "\(name): Pss a stream", pss, "KiB", digits: 2)
    }
    try output.publish(report)
    guard subscriptions.endedCount == 0 else { throw ExitCode(1) }
  }
}
