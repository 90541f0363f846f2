import ArgumentParser
import Kernel

/// The command `LoadGenerator fan-out`.
struct FanOut: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish at a fixed rate to many streams; find losses, and how long it takes.",
    discussion: """
      Checks for each stream that every acknowledged event came exactly once and in the order of the
      ids. Latency counts from the moment an event was due to be published until a stream's bytes
      were read; the histogram rounds up by at most 0.8 %.
      """)

  @Option(help: ArgumentHelp("The stream to open.", valueName: "url"))
  var url: Endpoint

  @Option(help: ArgumentHelp("Where to publish, to the same topic.", valueName: "url"))
  var publishURL: Endpoint

  @Option(help: "How many streams to open.")
  var subscribers: Int

  @Option(help: "Events to publish each second.")
  var rate: Double

  @Option(help: "How long to publish.")
  var seconds: Double

  @Option(help: "The length of each event's data.")
  var messageBytes = 100

  @Option(help: "Publish on so many connections at a time at most.")
  var publishConnections = 64

  @Option(help: "Wait so long for events that are still missing in the end.")
  var graceSeconds = 5

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...1_000_000).contains(subscribers) else {
      throw ValidationError("--subscribers is a number from 1 to 1000000.")
    }
    guard rate > 0, seconds > 0, (1...10_000_000).contains(rate * seconds) else {
      throw ValidationError("--rate times --seconds is a number of events from 1 to 10000000.")
    }
    guard (Stamp.byteCountMinimum...65_536).contains(messageBytes) else {
      throw ValidationError(
        "--message-bytes is a number from \(Stamp.byteCountMinimum) to 65536.")
    }
    guard (1...1000).contains(publishConnections), (0...600).contains(graceSeconds) else {
      throw ValidationError(
        "--publish-connections is a number from 1 to 1000, --grace-seconds one from 0 to 600.")
    }
  }

  func run() throws {
    let deadline = output.deadline
    let stamp = Stamp(byteCount: messageBytes)
    let eventCount = Int(rate * seconds)
    var tally = Tally(stamp: stamp, eventCount: eventCount)
    var subscriptions = try Subscriptions(to: url)
    let openingStart = Clock.monotonicNanoseconds()
    try subscriptions.open(subscribers, &tally, deadline: deadline)
    let openingSeconds = Double(Clock.monotonicNanoseconds() - openingStart) / 1e9

    // The publishing connections are made meanwhile.
    let start = Clock.monotonicNanoseconds() + 200_000_000
    let loop = OpenLoop(startNanoseconds: start, rate: rate, eventCount: eventCount)
    let cpuStart = Platform.processNanoseconds()
    let publishing = try PublishThread(
      loop, to: publishURL, connectionCount: publishConnections, stamp: stamp, deadline: deadline)
    defer { publishing.join() }
    let published = try readAll(&subscriptions, &tally, publishing)
    let cpu = Platform.processNanoseconds() - cpuStart
    let wall = Clock.monotonicNanoseconds() - start

    let sequences = published.sequences.sorted()
    let lostCount = subscriptions.tracks.reduce(0) { $0 + $1.missingCount(of: sequences) }
    var report = Report()
    report.add("subscribers", "streams", subscribers)
    report.add(
      "opened_per_second", "streams opened", Double(subscribers) / openingSeconds, "/s", digits: 0)
    published.describe(in: &report)
    describeRate(published, in: &report)
    describeDeliveries(tally, lostCount: lostCount, in: &report)
    report.add("ended_streams", "streams that ended early", subscriptions.endedCount)
    report.add("latency", "latency", tally.latency)
    report.add(
      "generator_cpu_percent", "CPU of this program", 100 * Double(cpu) / Double(wall),
      "% of a core")
    try output.publish(report)
    let isExact = lostCount + tally.duplicateCount + tally.lateCount + tally.wrongCount == 0
    guard isExact, published.isClean, subscriptions.endedCount == 0 else { throw ExitCode(1) }
  }

  /// Reads until all that was acknowledged has come, or the grace is over.
  private func readAll(
    _ subscriptions: inout Subscriptions, _ tally: inout Tally, _ publishing: PublishThread
  ) throws -> PublishTally {
    var published: PublishTally?
    var end: Deadline?
    while true {
      try subscriptions.read(&tally, timeout: .milliseconds(20))
      if published == nil {
        published = try publishing.tally()
        if published != nil { end = Deadline(after: .seconds(graceSeconds)) }
      }
      guard let published, let end else { continue }
      let isComplete = tally.deliveredCount >= published.sequences.count * subscribers
      if isComplete || end.isPast { break }
    }
    // Nothing more should come; what does is a duplicate.
    let quiet = Deadline(after: .milliseconds(200))
    while !quiet.isPast { try subscriptions.read(&tally, timeout: quiet.remaining) }
    return published ?? PublishTally()
  }

  private func describeRate(_ published: PublishTally, in report: inout Report) {
    let sending = Double(published.lastSentNanoseconds - published.startNanoseconds) / 1e9
    let held = sending > 0 ? Double(published.lag.count - 1) / sending : 0
    report.add("rate", "rate held", held, "events/s")
    report.add("lag", "sent late by", published.lag)
    report.add("acknowledgement", "acknowledged after", published.latency)
  }

  private func describeDeliveries(_ tally: Tally, lostCount: Int, in report: inout Report) {
    report.add("delivered", "delivered", tally.deliveredCount, "events")
    report.add("lost", "lost", lostCount, "events")
    report.add("duplicated", "duplicated", tally.duplicateCount, "events")
    report.add("out_of_order", "out of order", tally.lateCount, "events")
    report.add("wrong", "under a wrong id", tally.wrongCount, "events")
    report.add("gaps", "gap events", tally.gapCount)
  }
}
