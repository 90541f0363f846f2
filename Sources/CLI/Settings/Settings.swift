import Kernel
import SystemPackage

/// What is in force, and who has said it: defaults, the settings file, variables, flags, the later ones
/// before the earlier ones.
struct Settings {
  /// What one setting is.
  struct Choice {
    let setting: Setting
    /// Nil where nobody has said anything and there is no default.
    var texts: [String]?
    var source: SettingSource
  }

  /// One for each setting, in the order of ``Setting/all``.
  private(set) var choices: [Choice]
  /// The file that was read; nil for none.
  let file: String?
  /// The values.
  private(set) var values = ServeSettings()

  /// Reads the file and the variables.
  ///
  /// - Throws: all that is wrong with the file, or with the variables.
  init(_ options: SettingOptions) throws(SettingsFailure) {
    try self.init(file: Self.path(options.config), given: options.given, readsVariables: true)
  }

  /// Reads them again, while weir runs.
  ///
  /// - Throws: the same; also where the file is gone, or is one that can be read only once.
  init(_ options: SettingOptions, again old: Settings) throws(SettingsFailure) {
    let file = Self.path(options.config)
    if let before = old.file {
      // The standard one may be missing at the start, but its settings are not to be those of no file now.
      guard file != nil else {
        throw SettingsFailure(faults: ["\(before) is not there any more: put it back, or restart"])
      }
      try SettingsFile.refuseUnsteady(before)
    }
    try self.init(file: file, given: options.given, readsVariables: true)
  }

  /// Reads a file, and nothing else.
  ///
  /// - Throws: all that is wrong with it.
  init(file: String) throws(SettingsFailure) {
    try self.init(file: file, given: [:], readsVariables: false)
  }

  private init(
    file: String?, given: [String: [String]], readsVariables: Bool
  ) throws(SettingsFailure) {
    choices = Setting.all.map { Choice(setting: $0, texts: $0.standard, source: .standard) }
    self.file = file
    if let file {
      for entry in try SettingsFile.read(file) {
        choose(entry.setting, entry.texts, .file(file, line: entry.line, column: entry.column))
      }
    }
    if readsVariables { try readVariables() }
    for setting in Setting.all {
      if let texts = given[setting.name] { choose(setting, texts, .flag(setting.name)) }
    }
    try settleListener()
    try applyAll()
  }

  /// As ``init(_:)``, for a command.
  init(readingFor options: SettingOptions) throws(CommandFailure) {
    do { self = try Settings(options) } catch { throw error.commandFailure }
  }

  /// The settings that are other than in `old`.
  func changed(since old: Settings) -> [Setting] {
    Setting.all.filter { self[$0].texts != old[$0].texts }
  }

  /// These settings, but for some that stay as in `old`.
  func keeping(
    _ settings: [Setting], of old: Settings
  ) throws(SettingsFailure) -> Settings {
    var kept = self
    for setting in settings { kept[setting] = old[setting] }
    kept.values = ServeSettings()
    try kept.applyAll()
    return kept
  }

  /// What one is.
  subscript(setting: Setting) -> Choice {
    get { choices[index(of: setting)] }
    set { choices[index(of: setting)] = newValue }
  }

  private func index(of setting: Setting) -> Int {
    guard let index = choices.firstIndex(where: { $0.setting.name == setting.name }) else {
      preconditionFailure("\(setting.name) is missing in Setting.all")
    }
    return index
  }

  private mutating func choose(_ setting: Setting, _ texts: [String], _ source: SettingSource) {
    self[setting] = Choice(setting: setting, texts: texts, source: source)
  }

  /// The file to read: the one that is named, or the standard one where it is there.
  private static func path(_ config: String?) -> String? {
    if let named = config ?? Environment["WEIR_CONFIG"] { return named == "none" ? nil : named }
    do {
      _ = try FileStatus(of: FilePath(SettingsFile.standardPath))
      return SettingsFile.standardPath
    } catch {
      return error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory
        ? nil : SettingsFile.standardPath
    }
  }

  private mutating func readVariables() throws(SettingsFailure) {
    var faults: [String] = []
    for (name, value) in Environment.variables(beginningWith: "WEIR_") {
      guard let setting = Setting.all.first(where: { $0.variable == name }) else { continue }
      guard let value else {
        faults.append("\(name) is not UTF-8")
        continue
      }
      // An empty variable is one that is not set, as everywhere in weir.
      if value.isEmpty { continue }
      let texts =
        setting.form == .list
        ? value.split(separator: ",").map { $0.filter { $0 != " " } } : [value]
      if let rule = setting.fault(in: texts) {
        faults.append("\(name) is '\(value)': \(rule)")
      } else {
        choose(setting, texts, .variable(name))
      }
    }
    guard faults.isEmpty else { throw SettingsFailure(faults: faults.sorted()) }
  }

  /// A socket and a descriptor exclude each other: whoever comes first has said which.
  private mutating func settleListener() throws(SettingsFailure) {
    let (socket, fd) = (self[.socket], self[.fd])
    guard socket.texts != nil, fd.texts != nil else { return }
    if socket.source < fd.source {
      self[.socket].texts = nil
    } else if fd.source < socket.source {
      self[.fd].texts = nil
    } else {
      throw SettingsFailure(
        faults: ["socket (\(socket.source)) and fd (\(fd.source)) are both said: say one of them"])
    }
  }

  private mutating func applyAll() throws(SettingsFailure) {
    for choice in choices {
      guard let texts = choice.texts else { continue }
      do { try choice.setting.apply(texts, to: &values) } catch {
        throw SettingsFailure(faults: ["\(choice.setting.name) (\(choice.source)): \(error)"])
      }
    }
  }

  /// What was said in vain, because the socket was made by whoever started the process.
  ///
  /// - Parameter place: where it listens.
  func withoutEffect(isInherited: Bool, at place: String) -> [String] {
    guard isInherited else { return [] }
    let settings = [Setting.socketUser, .socketGroup, .socketMode].filter {
      self[$0].source != .standard
    }
    var texts = settings.map {
      "\($0.name) (\(self[$0].source)) has no effect: the socket was handed over by whoever started weir, and is "
        + "given away there"
    }
    if let socket = values.socket, socket != place {
      texts.append(
        "socket (\(self[.socket].source)) has no effect: weir was started with another one, \(place)"
      )
    }
    return texts
  }

  /// Variables that were meant to be settings, it seems, each with the nearest name.
  static func misspelledVariables() -> [String] {
    let names = Setting.all.map(\.variable)
    let known = names + ["WEIR_CONFIG", SiteToken.variable]
    return Environment.variables(beginningWith: "WEIR_").map(\.name).sorted().compactMap { name in
      if known.contains(name) { return nil }
      return NearestName.find(name, among: names).map {
        "\(name) is no setting: did you mean \($0)?"
      }
    }
  }
}
