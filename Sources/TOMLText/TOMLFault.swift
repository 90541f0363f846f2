/// Why bytes are no TOML text, and where.
public struct TOMLFault: Error, Sendable, CustomStringConvertible {
  /// The line of it, from 1.
  public let line: Int
  /// Which character (Unicode scalar) of the line it is, from 1.
  public let column: Int
  /// What is wrong; in toml++'s words where that has found it.
  public let text: String

  /// With the place: `line 12, column 3: …`.
  public var description: String { "line \(line), column \(column): \(text)" }
}
