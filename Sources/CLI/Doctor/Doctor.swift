import ArgumentParser
import Diagnosis
import Kernel

/// The command `weir doctor`.
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Examine a site with weir from outside, and say what to write where.",
    discussion: """
      Asks as browsers and programs do: whether events arrive at once, whether heartbeats and last event ids pass \
      every proxy, what browsers get while weir is away, who may publish and read the status, and more. Each check \
      prints a line: ok, what it has found, with the file, the line to write and the reason, or that it could not \
      tell. It takes up to 20 seconds, most of it to wait for a heartbeat.

        weir doctor https://example.org
        weir doctor --token-file token --topic builds.probe https://example.org
        weir doctor --long 10m https://example.org

      It publishes at most 4 small events to a topic of its own, which are gone after a minute, holds up to 14 \
      streams for a moment, and sends some 20 requests. It judges from where it runs: who may publish from this \
      machine says nothing of others, so run it on the machine itself and on one elsewhere.

      The exit code is 0 where nothing was found, 78 where something was, and 69 where no weir is at the address.
      """)

  /// What is held if nothing else is asked for: weir's heartbeat, and some for the way.
  private static let holdSeconds = 17.5

  @Argument(
    help: ArgumentHelp(
      "The address of the site, such as https://example.org.", valueName: "address"),
    transform: SiteAddress.init)
  var site: SiteAddress

  @Option(
    help: ArgumentHelp(
      "The file with the token that the site wants (Authorization: Bearer); else that in the variable WEIR_TOKEN is sent.",
      valueName: "file"), completion: .file())
  var tokenFile: String?

  @Option(
    help: ArgumentHelp(
      "The topic of the probe, where not everyone may read and publish any; one of its own if it is not named.",
      valueName: "topic"))
  var topic: String?

  @Flag(help: "Publish nothing.")
  var readOnly = false

  @Option(
    help: ArgumentHelp(
      "Hold a quiet stream for so long, to see which proxy cuts it.", valueName: "time"),
    transform: OptionRange.hold.value)
  var long: Duration?

  @Flag(
    help:
      "Send a request of 40 KiB, too large for FastCGI, by which nginx itself fails as it does while weir is away; it writes a line into its error log."
  )
  var intrusive = false

  @Flag(
    help:
      "This machine is a stranger to the site, whatever its address looks like: what it may do, everybody may."
  )
  var outside = false

  @Option(
    help: ArgumentHelp(
      "The origin of pages that are to read streams and publish, such as https://app.example.org.",
      valueName: "origin"))
  var origin: String?

  @Flag(help: "Print a JSON object.")
  var json = false

  func validate() throws {
    if let topic, topic.isEmpty || topic.utf8.count > 255 {
      throw ValidationError("--topic has 1 to 255 bytes.")
    }
  }

  func run() throws {
    var judgements: [Judgement] = []
    try reportingFailures {
      let random = String(try UInt32.fromKernel(), radix: 36)
      let plan = ExaminationPlan(
        site: site, token: try SiteToken.read(file: tokenFile),
        topic: topic ?? "weir-doctor.\(random)", key: "weir-doctor-\(random)",
        isReadOnly: readOnly, isIntrusive: intrusive, isOutside: outside, origin: origin,
        holdSeconds: long.map { Double($0.wholeMilliseconds) / 1000 } ?? Self.holdSeconds,
        holdsOn: long != nil)
      if !json { try StandardOutput.write(plan.announcement) }
      let examination = try Examination(plan)
      let sights = try examination.run()
      judgements = Judgement.judge(sights)
      let report = DoctorReport(judgements, of: sights.viewpoint)
      try StandardOutput.write(json ? report.json : report.text)
    }
    if judgements.contains(where: \.isFinding) { throw ExitCode(78) }
  }
}

extension OptionRange<Duration> {
  /// How long a quiet stream is held.
  static let hold = time(.seconds(1), "1s", .seconds(86_400), "1d")
}
