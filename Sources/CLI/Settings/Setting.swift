import ArgumentParser

/// One thing that `weir serve` can be told: by a flag, by a variable, or in the settings file.
///
/// Its name is the same everywhere: `--retention-bytes`, `WEIR_RETENTION_BYTES`, `retention-bytes = "10G"`.
struct Setting: Sendable {
  /// How a settings file writes it.
  enum Form: Sendable {
    /// A text in quotes.
    case text
    /// A number without quotes, or a text such as `none`.
    case number
    /// `true` or `false`; on the command line `--name` or `--no-name`.
    case flag
    /// A list of texts; on the command line repeated, in a variable with commas between.
    case list
  }

  let name: String
  let shortName: Character?
  let form: Form
  /// What its value is called in the help.
  let valueName: String
  /// What it is where nobody says anything; nil for nothing.
  let standard: [String]?
  /// Whether it changes while weir runs (SIGHUP); the others need a restart.
  let isLive: Bool
  let help: String
  let completion: CompletionKind
  private let read: @Sendable (inout ServeSettings, [String]) throws -> Void

  /// A setting of one value.
  ///
  /// - Parameter read: gives its value to the settings, or throws the rule that it breaks.
  init(
    _ name: String, shortName: Character? = nil, _ form: Form, _ valueName: String,
    standard: String?, isLive: Bool = false, _ help: String, completion: CompletionKind = .default,
    read: @escaping @Sendable (inout ServeSettings, String) throws -> Void
  ) {
    self.name = name
    self.shortName = shortName
    self.form = form
    self.valueName = valueName
    self.standard = standard.map { [$0] }
    self.isLive = isLive
    self.help = help
    self.completion = completion
    self.read = { settings, texts in
      guard texts.count == 1, let text = texts.first else {
        throw ValidationError("it is one value")
      }
      try read(&settings, text)
    }
  }

  /// A setting that is on or off.
  init(
    flag name: String, standard: Bool, _ help: String,
    read: @escaping @Sendable (inout ServeSettings, Bool) -> Void
  ) {
    self.init(name, .flag, name, standard: "\(standard)", help) { settings, text in
      guard let value = Bool(text) else { throw ValidationError("it is true or false") }
      read(&settings, value)
    }
  }

  /// A setting of several values; `none` alone stands for no value.
  init(
    list name: String, _ valueName: String, _ help: String,
    read: @escaping @Sendable (inout ServeSettings, [String]) throws -> Void
  ) {
    self.name = name
    shortName = nil
    form = .list
    self.valueName = valueName
    standard = []
    isLive = false
    self.help = help
    completion = .default
    self.read = { try read(&$0, $1 == ["none"] ? [] : $1) }
  }

  /// The variable, such as `WEIR_RETENTION_BYTES`.
  var variable: String { "WEIR_" + name.uppercased().replacing("-", with: "_") }

  /// Gives a value to the settings.
  ///
  /// - Throws: the rule that it breaks.
  func apply(_ texts: [String], to settings: inout ServeSettings) throws {
    try read(&settings, texts)
  }

  /// The rule that a value breaks, as a sentence; nil where it is a value.
  func fault(in texts: [String]) -> String? {
    var scratch = ServeSettings()
    do { try read(&scratch, texts) } catch { return "\(error)" }
    return nil
  }
}
