import ArgumentParser

/// The settings as flags of the command line, and where the settings file is.
struct SettingOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Read settings from this file, of the form of deploy/weir.toml; what variables (WEIR_QUEUE for --queue) and flags say comes before it. 'none' reads no file. (default: \(SettingsFile.standardPath), where it is there)",
      valueName: "file"),
    completion: .file(extensions: ["toml"]))
  var config: String?

  @Option(.queue) var queue: SettingText?
  @Option(.socket) var socket: SettingText?
  @Option(.socketUser) var socketUser: SettingText?
  @Option(.socketGroup) var socketGroup: SettingText?
  @Option(.socketMode) var socketMode: SettingText?
  @Option(.socketPeers) var socketPeers: [SettingText] = []
  @Option(.fd) var fd: SettingText?
  @Flag(.demo) var demo: Bool?
  @Option(.access) var access: SettingText?
  @Option(.corsOrigin) var corsOrigin: [SettingText] = []
  @Flag(.getPublish) var getPublish: Bool?
  @Option(.heartbeat) var heartbeat: SettingText?
  @Flag(.checkpoints) var checkpoints: Bool?
  @Option(.retry) var retry: SettingText?
  @Option(.durability) var durability: SettingText?
  @Option(.retentionBytes) var retentionBytes: SettingText?
  @Option(.retentionAge) var retentionAge: SettingText?
  @Option(.retentionCount) var retentionCount: SettingText?
  @Option(.idempotencyWindow) var idempotencyWindow: SettingText?
  @Option(.maxStreams) var maxStreams: SettingText?
  @Option(.maxStreamsPerAddress) var maxStreamsPerAddress: SettingText?
  @Option(.maxNewStreams) var maxNewStreams: SettingText?
  @Option(.maxStreamAge) var maxStreamAge: SettingText?
  @Option(.drain) var drain: SettingText?
  @Option(.loops) var loops: SettingText?
  @Option(.logLevel) var logLevel: SettingText?

  /// What was said, by the names of the settings.
  var given: [String: [String]] {
    let texts = [
      queue, socket, socketUser, socketGroup, socketMode, fd, access, heartbeat, retry, durability,
      retentionBytes, retentionAge,
      retentionCount,
      idempotencyWindow, maxStreams, maxStreamsPerAddress, maxNewStreams, maxStreamAge, drain,
      loops,
      logLevel,
    ]
    var given: [String: [String]] = [:]
    for case let text? in texts + corsOrigin + socketPeers {
      given[text.name, default: []].append(text.text)
    }
    for (setting, isOn) in [
      (Setting.demo, demo), (.getPublish, getPublish), (.checkpoints, checkpoints),
    ] {
      given[setting.name] = isOn.map { ["\($0)"] }
    }
    return given
  }
}

/// What a flag was given, which is a value of its setting.
struct SettingText: Sendable {
  let name: String
  let text: String

  /// - Throws: the rule that the text breaks.
  init(_ setting: Setting, _ text: String) throws {
    if let rule = setting.fault(in: [text]) { throw ValidationError(rule) }
    name = setting.name
    self.text = text
  }
}

extension Setting {
  fileprivate var names: NameSpecification {
    guard let shortName else { return .customLong(name) }
    return [.customLong(name), .customShort(shortName)]
  }

  fileprivate var argumentHelp: ArgumentHelp {
    let standard =
      switch form {
      case .flag: self.standard == ["true"] ? " (default: --\(name))" : ""
      case .list: ""
      case .text, .number: self.standard.map { " (default: \($0.joined()))" } ?? ""
      }
    return ArgumentHelp("\(help)\(standard)", valueName: valueName)
  }
}

extension Option {
  /// The flag of a setting of one value.
  init(_ setting: Setting) where Value == SettingText? {
    self.init(
      name: setting.names,
      // A number below zero is to be told its range, not taken for another flag.
      parsing: setting.form == .number ? .unconditional : .next, help: setting.argumentHelp,
      completion: setting.completion, transform: { try SettingText(setting, $0) })
  }

  /// The flag of a setting of several values.
  init(wrappedValue: [SettingText], _ setting: Setting) where Value == [SettingText] {
    self.init(
      wrappedValue: wrappedValue, name: setting.names, help: setting.argumentHelp,
      completion: setting.completion, transform: { try SettingText(setting, $0) })
  }
}

extension Flag where Value == Bool? {
  /// The flag of a setting that is on or off.
  init(_ setting: Setting) {
    self.init(name: setting.names, inversion: .prefixedNo, help: setting.argumentHelp)
  }
}
