/// What is wrong with a file of rules, and where; no text of it holds a token or a key.
public struct AccessFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file.
  public let path: String
  /// Where in it, counted from 1; nil where it is about the whole file.
  public let line: Int?
  /// The same.
  public let column: Int?
  /// What is wrong, and what to do.
  public let text: String

  init(path: String, line: Int? = nil, column: Int? = nil, text: String) {
    self.path = path
    self.line = line
    self.column = column
    self.text = text
  }

  /// Place and text, as compilers write them.
  public var description: String {
    let place = [path] + [line, column].compactMap { $0.map(String.init) }
    return place.joined(separator: ":") + ": " + text
  }
}
