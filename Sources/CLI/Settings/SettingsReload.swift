import Hub
import Logging

/// Reads the settings again while weir runs; belongs to the main thread.
struct SettingsReload {
  private let options: SettingOptions
  private let hub: Hub
  private let threshold: LogThreshold
  private let log: Logger
  private let descriptorCountMaximum: Int
  private var inForce: Settings

  init(
    _ options: SettingOptions, _ settings: Settings, _ hub: Hub, _ threshold: LogThreshold,
    _ log: Logger, descriptorCountMaximum: Int
  ) {
    self.options = options
    self.hub = hub
    self.threshold = threshold
    self.log = log
    self.descriptorCountMaximum = descriptorCountMaximum
    inForce = settings
  }

  /// Puts in force what has changed and can; names what needs a restart.
  ///
  /// Where anything is wrong, all stays as it is.
  mutating func run() {
    do {
      let read = try Settings(options, again: inForce)
      let changed = read.changed(since: inForce)
      let waiting = changed.filter { !$0.isLive }
      let next = try read.keeping(waiting, of: inForce)
      let configuration = try next.values.configuration(
        descriptorCountMaximum: descriptorCountMaximum)
      let before = inForce
      inForce = next
      hub.apply(configuration)
      // Whoever silences the log is told so.
      threshold.level = min(before.values.logLevel, next.values.logLevel)
      defer { threshold.level = next.values.logLevel }
      tell(changed.filter(\.isLive).map { text(of: $0, before) }, file: next.file)
      if !waiting.isEmpty {
        let names = waiting.map(\.name).joined(separator: ", ")
        log.warning("changed settings need a restart", metadata: ["settings": "\(names)"])
      }
    } catch {
      log.error(
        "the settings are refused, those from before stay in force", metadata: ["error": "\(error)"]
      )
    }
  }

  private func tell(_ changes: [String], file: String?) {
    log.notice(
      "the settings were read again",
      metadata: [
        "file": "\(file ?? "none")",
        "changed": "\(changes.isEmpty ? "nothing" : changes.joined(separator: ", "))",
      ])
  }

  private func text(of setting: Setting, _ before: Settings) -> String {
    let values = [before, inForce].map {
      $0[setting].texts?.joined(separator: ",") ?? "not set"
    }
    return "\(setting.name) from \(values[0]) to \(values[1])"
  }
}
