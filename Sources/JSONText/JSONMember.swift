/// A member of an object.
public struct JSONMember: Hashable, Sendable {
  /// The bytes of its name, without escapes.
  public let name: ArraySlice<UInt8>
  /// What it is.
  public let value: JSONValue
}
