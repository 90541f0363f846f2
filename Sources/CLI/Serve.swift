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

      Each option is also a variable, such as WEIR_RETENTION_BYTES for --retention-bytes, and a line \
      of the settings file, such as retention-bytes = "10G". A flag comes before a variable, which \
      comes before the file; `weir config` prints what is in force.
      """)

  @OptionGroup var options: SettingOptions

  func run() throws {
    try reportingFailures {
      let settings = try Settings(readingFor: options)
      let path = try settings.values.needed()
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
      let hub = try Hub(
        queue: queue, listener: try settings.values.listener(), configuration: configuration,
        accessGuard: accessGuard, log: log, breakdown: breakdown)
      log.notice(
        "serving",
        metadata: [
          "at": "\(settings.values.place)", "queue": "\(path)", "newest": "\(queue.newestID)",
          "streams": "at most \(configuration.streamCountMaximum)",
          "settings": "\(settings.file ?? "none")",
        ])
      var reload = SettingsReload(
        options, settings, hub, threshold, log, descriptorCountMaximum: descriptorCountMaximum)
      if let signal = try Self.nextEnd(
        signals, orRingOf: breakdown.waker,
        {
          reload.run()
          accessGuard?.readAgain()
        })
      {
        log.notice("stopping", metadata: ["signal": "\(signal)"])
        hub.drain()
        if let signal = try Self.nextEnd(signals, orRingOf: hub.drained, {}) {
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
    _ signals: borrowing SignalQueue, orRingOf waker: Waker, _ reload: () -> Void
  ) throws(SystemCallError) -> CInt? {
    while let signal = try signals.next(orRingOf: waker) {
      guard signal == SignalQueue.hangUp else { return signal }
      reload()
    }
    return nil
  }
}
