/// Settings as a settings file.
enum SettingsText {
  /// Where the source of a value stands.
  private static let sourceColumn = 44

  /// All settings, each with where it comes from; one that nobody has said is a comment.
  static func file(_ settings: Settings) -> String {
    settings.choices.map { choice in
      let name = choice.setting.name
      let line = choice.texts.map { "\(name) = \(value($0, of: choice.setting))" } ?? "#\(name) ="
      let space = String(repeating: " ", count: max(1, sourceColumn - line.count))
      let source = choice.texts == nil ? "not set" : "\(choice.source)"
      return "\(line)\(space)# \(source)\n"
    }.joined()
  }

  /// A value as a file writes it.
  static func value(_ texts: [String], of setting: Setting) -> String {
    switch setting.form {
    case .text: quoted(texts.joined())
    case .flag: texts.joined()
    case .list: "[\(texts.map(quoted).joined(separator: ", "))]"
    case .number: isNumber(texts.joined()) ? texts.joined() : quoted(texts.joined())
    }
  }

  private static func isNumber(_ text: String) -> Bool {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let isDigits = parts.allSatisfy { part in
      !part.isEmpty && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    // TOML takes no zero before other digits.
    return isDigits && parts.count <= 2 && (parts[0] == "0" || !parts[0].hasPrefix("0"))
      && (parts.count == 2 || Int64(text) != nil)
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\0"..." ", "\u{7F}":
        if scalar == " " { quoted += " " } else { quoted += escape(scalar) }
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func escape(_ scalar: Unicode.Scalar) -> String {
    let digits = String(scalar.value, radix: 16, uppercase: true)
    return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
