/// A value of a TOML text, and where it stands.
public struct TOMLNode: Sendable {
  /// What it is.
  public let value: TOMLValue
  /// The line in which it begins, from 1.
  ///
  /// A table begins at its header, or where its name is mentioned first.
  public let line: Int
  /// Which character (Unicode scalar) of the line is its first, from 1.
  public let column: Int
}
