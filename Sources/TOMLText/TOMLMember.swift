/// A value of a table with its name, and where the name stands.
public struct TOMLMember: Sendable {
  /// The name, without its quotes.
  public let name: String
  /// The line of the name, where it is mentioned first, from 1.
  public let line: Int
  /// Which character (Unicode scalar) of the line is its first, from 1.
  public let column: Int
  /// The value.
  public let node: TOMLNode
}
