/// Who has said what a setting is; a later one comes before an earlier one.
enum SettingSource: Comparable, CustomStringConvertible {
  case standard
  case file(String, line: Int, column: Int)
  case variable(String)
  case flag(String)

  private var rank: Int {
    switch self {
    case .standard: 0
    case .file: 1
    case .variable: 2
    case .flag: 3
    }
  }

  static func < (one: SettingSource, other: SettingSource) -> Bool { one.rank < other.rank }

  /// In words: `default`, `/etc/weir/weir.toml:12`, `environment WEIR_QUEUE`, `flag --queue`.
  var description: String {
    switch self {
    case .standard: "default"
    case .file(let path, let line, _): "\(path):\(line)"
    case .variable(let name): "environment \(name)"
    case .flag(let name): "flag --\(name)"
    }
  }
}
