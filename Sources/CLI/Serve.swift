import ArgumentParser
import FastCGI
import FileQueue
import Hub
import Kernel
import Logging
import Signatures
import SystemPackage

/// The command `weir serve`.
struct Serve: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Stream events to browsers and take new ones, as a FastCGI responder.",
    discussion: """
      nginx (or another web server) passes /sse and /publish on to the socket, which answers once \
      the line "serving" is logged. SIGTERM or SIGINT ends all streams cleanly; browsers come back \
      by themselves and resume after the last event they saw. SIGHUP has the settings read again.

      A listening socket that a service manager hands over (LISTEN_FDS, sd_listen_fds(3)) is taken \
      before the one that is named; it is told how weir is (NOTIFY_SOCKET, sd_notify(3)).

      Each option is also a variable, such as WEIR_RETENTION_BYTES for --retention-bytes, and a line \
      of the settings file, such as retention-bytes = "10G". A flag comes before a variable, which \
      comes before the file; `weir config` prints what is in force.
      """)

  @OptionGroup var options: SettingOptions

  func run() throws {
    try reportingFailures {
      let handedOver = try HandedOverSockets.take()
      let notices = ServiceNotices()
      let settings = try Settings(readingFor: options)
      let inherited = try handedOver.listener(settings.values)
      let isInherited = inherited != nil
      let path = try settings.values.needed(hasListener: isInherited)
      FastCGILibrary.initialize()
      let signals = try SignalQueue([
        SignalQueue.terminate, SignalQueue.interrupt, SignalQueue.hangUp,
      ])
      let writer = try LogWriter()
      defer { writer.stop() }
      let threshold = LogThreshold(settings.values.logLevel)
      LoggingSystem.bootstrap {
        ThresholdLogHandler(label: $0, writer: writer, threshold: threshold)
      }
      let log = Logger(label: "weir")
      for text in Settings.misspelledVariables() { log.warning("\(text)") }
      let queue = try Queue(at: FilePath(path), creating: true)
      for finding in queue.recovery.findings { log.warning("\(finding)") }
      if let text = queue.recovery.newEpoch { log.notice("\(text)") }
      let descriptorCountMaximum = try DescriptorLimit.raise()
      let configuration = try settings.values.configuration(
        descriptorCountMaximum: descriptorCountMaximum)
      let breakdown = try Breakdown()
      let accessGuard = try settings.values.accessPath().map {
        try AccessGuard($0, with: CryptoSignatures(), log)
      }
      let listener = try settings.values.listener(inherited)
      // One that weir has bound itself got its name later.
      let place = (isInherited ? listener.path : nil) ?? settings.values.place
      for text in settings.withoutEffect(isInherited: isInherited, at: place) {
        log.warning("\(text)")
      }
      let hub = try Hub(
        queue: queue, listener: listener, configuration: configuration,
        accessGuard: accessGuard, log: log, breakdown: breakdown)
      log.notice(
        "serving",
        metadata: [
          "at": "\(place)", "queue": "\(path)", "newest": "\(queue.newestID)",
          "streams": "at most \(configuration.streamCountMaximum)",
          "settings": "\(settings.file ?? "none")",
        ])
      var reload = SettingsReload(
        options, settings, hub, threshold, log, descriptorCountMaximum: descriptorCountMaximum)
      var watch = ServiceWatch(notices, hub, queue, log)
      watch.ready()
      if let signal = try Self.nextEnd(
        signals, orRingOf: breakdown.waker, &watch,
        {
          reload.run()
          accessGuard?.readAgain()
        })
      {
        log.notice("stopping", metadata: ["signal": "\(signal)"])
        hub.drain()
        watch.stopping()
        if let signal = try Self.nextEnd(signals, orRingOf: hub.drained, &watch, {}) {
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

  /// Waits for a signal that asks for the end, and does `reload` for each SIGHUP; nil where `waker` was rung
  /// before.
  private static func nextEnd(
    _ signals: borrowing SignalQueue, orRingOf waker: Waker, _ watch: inout ServiceWatch,
    _ reload: () -> Void
  ) throws(SystemCallError) -> CInt? {
    while true {
      switch try signals.next(orRingOf: waker, timeout: watch.pause) {
      case .ring: return nil
      case .signal(SignalQueue.hangUp): watch.reloading(reload)
      case .signal(let signal): return signal
      case .nothing: break
      }
      watch.look()
    }
  }
}
