import Logging
import Synchronization

/// The least that is logged, for all loggers at once; any thread.
final class LogThreshold: Sendable {
  private let place: Atomic<Int>

  init(_ level: Logger.Level) { place = Atomic(Self.place(of: level)) }

  var level: Logger.Level {
    get { Logger.Level.allCases[place.load(ordering: .relaxed)] }
    set { place.store(Self.place(of: newValue), ordering: .relaxed) }
  }

  private static func place(of level: Logger.Level) -> Int {
    Logger.Level.allCases.firstIndex(of: level) ?? 0
  }
}

/// Log lines from a level on that may change while loggers are in use, each of which is a value.
struct ThresholdLogHandler: LogHandler {
  private var handler: StreamLogHandler
  private let threshold: LogThreshold

  init(label: String, writer: LogWriter, threshold: LogThreshold) {
    handler = StreamLogHandler(label: label, stream: writer)
    handler.logLevel = .trace
    self.threshold = threshold
  }

  var logLevel: Logger.Level {
    get { threshold.level }
    set { threshold.level = newValue }
  }

  var metadata: Logger.Metadata {
    get { handler.metadata }
    set { handler.metadata = newValue }
  }

  var metadataProvider: Logger.MetadataProvider? {
    get { handler.metadataProvider }
    set { handler.metadataProvider = newValue }
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { handler[metadataKey: key] }
    set { handler[metadataKey: key] = newValue }
  }

  func log(event: LogEvent) { handler.log(event: event) }
}
