public import ArgumentParser
import FastCGI
import FileQueue
import Hub
import Kernel
public import Logging
import SystemPackage

/// The command `weir serve`.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stream events to browsers and take new ones, as a FastCGI responder.",
    discussion: """
      nginx (or another web server) passes /sse and /publish on to the socket, which answers once \
      the line "serving" is logged. SIGTERM or SIGINT ends all streams cleanly; browsers come back \
      by themselves and resume after the last event they saw.
      """)

  @OptionGroup var queueOption: QueueOption

  @Option(
    help: ArgumentHelp(
      "Listen at this unix socket, with mode 0660: the web server's user has to be in its group.",
      valueName: "path"))
  var socket: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Use the listening socket that the process was started with; spawn-fcgi hands over 0.",
      valueName: "number"),
    transform: OptionRange.descriptors.value)
  var fd: Int?

  @Flag(
    help:
      "Switch the demo sources on: /sse/time, /sse/dashboard, a clock on the default stream, and CORS for all."
  )
  var demo = false

  @Option(
    help: ArgumentHelp(
      "Let pages of this origin read streams, publish, and send cookies; repeat it for more. '*' lets pages of all origins read streams.",
      valueName: "origin"))
  var corsOrigin: [String] = []

  @Flag(
    help:
      "Let GET /publish?message=… publish, for webhooks that can do no more: whoever gets somebody to open a link publishes."
  )
  var getPublish = false

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Send a comment on a stream that has been silent for so long; shorter than half of nginx's fastcgi_read_timeout. (default: 15)",
      valueName: "seconds"),
    transform: OptionRange.heartbeat.value)
  var heartbeat = 15.0

  @Flag(
    inversion: .prefixedNo,
    help:
      "Send a silent stream the newest id now and then, in a block without data, so that it resumes cheaply and misses nothing. A few programs that are no browsers take it for an empty event."
  )
  var checkpoints = true

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Tell browsers to wait at least so long before they reconnect. (default: 2000)",
      valueName: "milliseconds"),
    transform: OptionRange.retry.value)
  var retry = 2000

  @Option(
    help: ArgumentHelp(
      "When a publish is acknowledged. full: it is on disk, nothing loses it. interval: the kernel has it; a power cut loses up to 100 ms. none: as interval, but half a minute, and what subscribers saw may be undone. The death of a process loses nothing in any.",
      valueName: "full|interval|none"))
  var durability = Durability.full

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove the oldest events when the queue takes more than this, such as 500M or 10G; 'none' for no limit. (default: 1G)",
      valueName: "size"),
    transform: OptionRange.bytes.limit)
  var retentionBytes = OptionalLimit(1 << 30, "1G")

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove events that are older than this, such as 12h or 30d; 'none' for no limit. (default: 7d)",
      valueName: "time"),
    transform: OptionRange.eventAge.limit)
  var retentionAge = OptionalLimit<Duration>(.seconds(7 * 86_400), "7d")

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remove the oldest events when there are more than this; 'none' for no limit. (default: none)",
      valueName: "count"),
    transform: OptionRange.events.limit)
  var retentionCount = OptionalLimit<Int>.none

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Remember keys (Idempotency-Key) for so long, from 1s to 30d: a second publish with one queues nothing.",
      valueName: "time"),
    transform: OptionRange.keyWindow.value)
  var idempotencyWindow: Duration = QueueLimits.keyWindow

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Serve at most so many streams at once; one over it is told to come back later. As many as the limit of descriptors (ulimit -Hn) allows, if not named.",
      valueName: "count"),
    transform: OptionRange.streams.value)
  var maxStreams: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Serve one client address at most so many streams at once, an IPv6 address by its first 64 bits; 'none' for no limit. One over it gets 429, on which browsers give up. (default: none)",
      valueName: "count"),
    transform: OptionRange.streams.limit)
  var maxStreamsPerAddress = OptionalLimit<Int>.none

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Let at most so many streams begin in a second; the others are told when to come back, one after the other. 'none' for no limit. (default: none)",
      valueName: "count"),
    transform: OptionRange.newStreams.limit)
  var maxNewStreams = OptionalLimit<Int>.none

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End a stream at an age of 80 to 100 % of this, such as 1h; the browser comes back and goes on where it was. 'none' for never. (default: none)",
      valueName: "time"),
    transform: OptionRange.streamAge.limit)
  var maxStreamAge = OptionalLimit<Duration>.none

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "End the streams evenly over this time when weir stops, so that not all browsers come back at once; 'none' ends them at once, as a second signal does. (default: 1s)",
      valueName: "time"),
    transform: OptionRange.drain.limit)
  var drain = OptionalLimit<Duration>(.seconds(1), "1s")

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Threads that serve streams. (default: 1)", valueName: "count"),
    transform: OptionRange.loops.value)
  var loops = 1

  @Option(
    help: ArgumentHelp(
      "The least that is logged: trace, debug, info, notice, warning, error or critical.",
      valueName: "level"))
  var logLevel: Logger.Level = .info

  func validate() throws {
    guard (socket == nil) != (fd == nil) else {
      throw ValidationError("Name either --socket or --fd.")
    }
    guard socket != "" else { throw ValidationError("--socket is empty: name a path.") }
    for origin in corsOrigin {
      if let fault = Origin.fault(in: origin) {
        throw ValidationError("--cors-origin is '\(origin)'; \(fault).")
      }
    }
  }

  func run() throws {
    try reportingFailures {
      FastCGILibrary.initialize()
      let signals = try SignalQueue([
        SignalQueue.terminate, SignalQueue.interrupt, SignalQueue.hangUp,
      ])
      let writer = try LogWriter()
      defer { writer.stop() }
      LoggingSystem.bootstrap { StreamLogHandler(label: $0, stream: writer) }
      var log = Logger(label: "weir")
      log.logLevel = logLevel
      let queue = try queueOption.open(creating: true)
      for finding in queue.recovery.findings { log.warning("\(finding)") }
      if let text = queue.recovery.newEpoch { log.notice("\(text)") }
      let configuration = try configuration(descriptorCountMaximum: DescriptorLimit.raise())
      let breakdown = try Breakdown()
      let hub = try Hub(
        queue: queue, listener: try listener(), configuration: configuration, log: log,
        breakdown: breakdown)
      log.notice(
        "serving",
        metadata: [
          "at": "\(socket ?? "descriptor \(fd ?? 0)")", "queue": "\(queueOption.queue)",
          "newest": "\(queue.newestID)", "streams": "at most \(configuration.streamCountMaximum)",
        ])
      if let signal = try Self.nextEnd(signals, orRingOf: breakdown.waker, log) {
        log.notice("stopping", metadata: ["signal": "\(signal)"])
        hub.drain()
        if let signal = try Self.nextEnd(signals, orRingOf: hub.drained, log) {
          log.notice("stopping at once", metadata: ["signal": "\(signal)"])
        }
      }
      hub.stop()
      if let reason = breakdown.reason {
        log.critical("\(reason)")
        throw ExitCode(71)
      }
      log.notice("stopped")
    }
  }

  /// Waits for a signal that asks for the end; nil where `waker` was rung before.
  private static func nextEnd(
    _ signals: borrowing SignalQueue, orRingOf waker: Waker, _ log: Logger
  ) throws(SystemCallError) -> CInt? {
    while let signal = try signals.next(orRingOf: waker) {
      guard signal == SignalQueue.hangUp else { return signal }
      log.notice(
        "SIGHUP does nothing: all options are on the command line, so there is nothing to reload")
    }
    return nil
  }

  private func listener() throws(SystemCallError) -> Listener {
    if let socket { return try Listener.listen(at: FilePath(socket)) }
    return try Listener.inherited(Int32(fd ?? 0))
  }

  private func configuration(descriptorCountMaximum: Int) throws -> HubConfiguration {
    let room = HubConfiguration.streamCountMaximum(
      descriptorCountMaximum: descriptorCountMaximum, streamLoopCount: loops)
    if let maxStreams, maxStreams > room {
      throw CommandFailure(
        "--max-streams is \(maxStreams), but the limit of descriptors, \(descriptorCountMaximum), has "
          + "room for \(room) streams beside what weir itself needs: ask for less, or raise the hard "
          + "limit (ulimit -Hn)", exitCode: 71)
    }
    var configuration = HubConfiguration()
    configuration.streamCountMaximum = maxStreams ?? room
    configuration.streamsPerAddressCountMaximum = maxStreamsPerAddress.value
    configuration.newStreamsPerSecondMaximum = maxNewStreams.value
    configuration.streams.ageMaximum = maxStreamAge.value
    configuration.drainTime = drain.value ?? .zero
    configuration.corsOrigins = corsOrigin.isEmpty && demo ? ["*"] : corsOrigin
    configuration.takesGetPublishes = getPublish
    configuration.streams.heartbeatInterval = .seconds(heartbeat)
    configuration.streams.sendsCheckpoints = checkpoints
    configuration.retryMilliseconds = retry
    configuration.streams.isDemo = demo
    configuration.durability = durability
    configuration.keyWindow = idempotencyWindow
    configuration.retention = Retention(
      byteCountMaximum: retentionBytes.value, ageMaximum: retentionAge.value,
      eventCountMaximum: retentionCount.value)
    configuration.streamLoopCount = loops
    return configuration
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
extension Durability: ExpressibleByArgument {}
