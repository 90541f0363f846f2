import ArgumentParser
import Kernel

/// The command `LoadGenerator fan-out`.
struct FanOut: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish at a fixed rate to many streams; find losses, and how long it takes.",
    discussion: """
      Checks for each stream that every acknowledged event came exactly once and in the order of the
      ids; with --dialect plain, in the order that the other streams show. Latency counts from the
      moment an event was due to be published until a stream's bytes were read; the histogram
      rounds up by at most 0.8 %. Publishing stops where it is 2 s late.
      """)

  @Option(
    help: "What the hub speaks: weir (JSON, ids of the queue) or plain (the body is the data).")
  var dialect = Dialect.weir

  @Option(help: "Let each stream ask for so many topics of its own; 0: all for what --url names.")
  var topicsPerStream = 0

  @Option(help: "Events to publish each second.")
  var rate: Double

  @Option(help: "How long to publish.")
  var seconds: Double

  @Option(help: "Wait so long for events that are still missing in the end.")
  var graceSeconds = 5.0

  @Option(help: "Tell the CPU time of this process: the hub's, nginx's worker's.")
  var pid: [Int] = []

  @OptionGroup var source: EventSource
  @OptionGroup var streams: StreamOptions
  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard rate > 0, seconds > 0, (1...100_000_000).contains(rate * seconds) else {
      throw ValidationError("--rate times --seconds is a number of events from 1 to 100000000.")
    }
    guard (0...600).contains(graceSeconds), (0...100).contains(topicsPerStream) else {
      throw ValidationError(
        "--grace-seconds is a number from 0 to 600, --topics-per-stream one from 0 to 100.")
    }
    guard topicsPerStream == 0 || source.publishQueue != nil else {
      throw ValidationError("--topics-per-stream goes with --publish-queue.")
    }
  }

  private var topicCount: Int { topicsPerStream * streams.subscribers }

  func run() throws {
    let deadline = output.deadline
    let stamp = data.stamp()
    let eventCount = Int(rate * seconds)
    var tally = Tally(stamp: stamp, dialect: dialect, eventCount: eventCount)
    let names = topicsPerStream == 0 ? [] : EventSource.names(source.topic, count: topicCount)
    var subscriptions = try Subscriptions(
      to: streams.url,
      topics: { [topicsPerStream] number in
        Array(names[number * topicsPerStream..<(number + 1) * topicsPerStream])
      })
    let openingStart = Clock.monotonicNanoseconds()
    try subscriptions.open(streams.subscribers, &tally, deadline: deadline)
    let openingSeconds = Double(Clock.monotonicNanoseconds() - openingStart) / 1e9

    // What publishing needs is made meanwhile.
    let start = Clock.monotonicNanoseconds() + 300_000_000
    let loop = OpenLoop(startNanoseconds: start, rate: rate, eventCount: eventCount)
    let times = try ProcessTimes(of: pid)
    let publishing = try source.start(
      loop, dialect: dialect, stamp: stamp, topicCount: topicCount, deadline: deadline)
    defer { publishing.join() }
    let (published, end) = try readAll(&subscriptions, &tally, publishing)
    let busy = max(1, end - start)

    let lostCount = lostCount(subscriptions.tracks, published, tally)
    var report = Report()
    report.add("subscribers", "streams", streams.subscribers)
    report.add(
      "opened_per_second", "streams opened", Double(streams.subscribers) / openingSeconds, "/s",
      digits: 0)
    published.describe(in: &report)
    describeRate(published, in: &report)
    describeDeliveries(tally, lostCount: lostCount, in: &report)
    report.add("ended_streams", "streams that ended early", subscriptions.endedCount)
    report.add("latency", "latency", tally.latency)
    try times.describe(
      in: &report, deliveredCount: tally.deliveredCount, busyNanoseconds: busy)
    report.add(
      "publisher_cpu_percent", "  of it for publishing",
      100 * Double(published.threadNanoseconds) / Double(busy), "% of a core")
    report.add(
      "publisher_cpu_ns_per_delivery", "CPU of publishing a delivery",
      Double(published.threadNanoseconds) / Double(max(1, tally.deliveredCount)), "ns")
    try output.publish(report)
    let isExact = lostCount + tally.duplicateCount + tally.lateCount + tally.wrongCount == 0
    guard isExact, published.isClean, subscriptions.endedCount == 0 else { throw ExitCode(1) }
  }

  /// Reads until all that was acknowledged has come, or the grace is over; returns when the last event
  /// came, on the monotonic clock.
  private func readAll(
    _ subscriptions: inout Subscriptions, _ tally: inout Tally, _ publishing: PublishThread
  ) throws -> (PublishTally, lastNanoseconds: Int64) {
    var published: PublishTally?
    var end: Deadline?
    var lastNanoseconds: Int64 = 0
    while true {
      let count = tally.deliveredCount
      try subscriptions.read(&tally, timeout: .milliseconds(20))
      if tally.deliveredCount > count { lastNanoseconds = Clock.monotonicNanoseconds() }
      if published == nil {
        published = try publishing.tally()
        if published != nil { end = Deadline(after: .seconds(graceSeconds)) }
      }
      guard let published, let end else { continue }
      let streamCount = topicsPerStream == 0 ? streams.subscribers : 1
      let isComplete = tally.deliveredCount >= published.events.count * streamCount
      if isComplete || end.isPast { break }
    }
    // Nothing more should come; what does is a duplicate.
    let quiet = Deadline(after: .milliseconds(200))
    while !quiet.isPast { try subscriptions.read(&tally, timeout: quiet.remaining) }
    return (published ?? PublishTally(dialect), lastNanoseconds)
  }

  /// Acknowledged events that a stream should have shown and has not.
  private func lostCount(
    _ tracks: [SequenceTrack], _ published: PublishTally, _ tally: Tally
  ) -> Int {
    if topicsPerStream == 0 {
      let keys = tally.keys(of: published)
      return tracks.reduce(0) { $0 + $1.missingCount(of: keys) }
    }
    var keys = [[UInt64]](repeating: [], count: streams.subscribers)
    for event in published.events {
      keys[event.number % topicCount / topicsPerStream].append(event.sequence)
    }
    return zip(tracks, keys).reduce(0) { $0 + $1.0.missingCount(of: $1.1) }
  }

  private func describeRate(_ published: PublishTally, in report: inout Report) {
    let sending = Double(published.lastSentNanoseconds - published.startNanoseconds) / 1e9
    // Of events that were never sent the rate is none.
    let held = sending > 0 ? Double(published.sentCount - 1) / sending : 0
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
