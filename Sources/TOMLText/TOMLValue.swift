/// What a value of a TOML text is.
public enum TOMLValue: Sendable {
  case text(String)
  case integer(Int64)
  case number(Double)
  case boolean(Bool)
  /// A date, a time, or both, with or without an offset, as it is written.
  case time(String)
  case list([TOMLNode])
  /// The members in the order of the file.
  case table([TOMLMember])

  /// What it is called in an error: `a text`, `an integer`.
  public var kind: String {
    switch self {
    case .text: "a text"
    case .integer: "an integer"
    case .number: "a number with a fraction"
    case .boolean: "true or false"
    case .time: "a date"
    case .list: "a list"
    case .table: "a table"
    }
  }
}
