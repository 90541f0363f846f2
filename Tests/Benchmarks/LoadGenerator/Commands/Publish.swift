import ArgumentParser
import Kernel

/// The command `LoadGenerator publish`.
struct Publish: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Publish as fast as answers come; check that each is an id of its own.",
    discussion: """
      Each connection has one publish under way. Latency is that of the acknowledgement, which comes
      once the event is on disk.
      """)

  @Option(help: ArgumentHelp("Where to publish.", valueName: "url"))
  var url: Endpoint

  @Option(
    help: "What the hub speaks: weir (JSON, ids of the queue) or plain (the body is the data).")
  var dialect = Dialect.weir

  @Option(help: "How many connections to use.")
  var clients: Int

  @Option(help: "Send this as a bearer token with each event.")
  var token: String?

  @Option(help: "How many events to publish.")
  var count: Int

  @Option(help: "Tell the CPU time of this process: the hub's, nginx's worker's.")
  var pid: [Int] = []

  @OptionGroup var data: DataOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...1000).contains(clients), (1...100_000_000).contains(count) else {
      throw ValidationError(
        "--clients is a number from 1 to 1000, --count one from 1 to 100000000.")
    }
  }

  func run() throws {
    let deadline = output.deadline
    let stamp = data.stamp()
    var pool = try PublishPool(
      to: url, dialect: dialect, count: clients, stamp: stamp, token: token)
    var tally = PublishTally(dialect)
    tally.startNanoseconds = Clock.monotonicNanoseconds()
    let times = try ProcessTimes(of: pid)
    var number = 0
    while (number < count || pool.busyCount > 0) && !deadline.isPast {
      while number < count, pool.hasIdle {
        pool.begin(number: number, nanoseconds: Clock.monotonicNanoseconds())
        number += 1
      }
      for answer in try pool.wait(timeout: deadline.remaining) { tally.add(answer) }
      if tally.events.isEmpty, tally.refusedCount >= 100, tally.statuses == [0] {
        throw Failure("no connection to \(url.authority) stands: is nginx up there?")
      }
    }
    tally.unansweredCount = pool.busyCount + count - number
    let wall = Double(max(1, tally.endNanoseconds - tally.startNanoseconds))

    var report = Report()
    tally.describe(in: &report)
    let perSecond = Double(tally.events.count) * 1e9 / wall
    report.add("acknowledged_per_second", "rate", perSecond, "acknowledgements/s", digits: 0)
    report.add("acknowledgement", "acknowledged after", tally.latency)
    try times.describe(in: &report)
    try output.publish(report)
    guard tally.isClean else { throw ExitCode(1) }
  }
}
