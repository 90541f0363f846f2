/// The name of somebody, as it was proven: any UTF-8 text of 1 to 255 bytes without control characters.
public struct UserName: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let text: String

  /// A name; nil where it cannot be one.
  public init?(_ text: String) {
    guard (1...AccessLimits.nameByteCountMaximum).contains(text.utf8.count),
      !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control })
    else { return nil }
    self.text = text
  }

  /// Whether it can stand in a topic as `{user}`: a dot would make it several parts, of which others might be
  /// somebody's too; `*` and `>` would take everybody's.
  public var isPart: Bool {
    !text.utf8.contains { ".*>{}".utf8.contains($0) }
  }

  /// Whether both are the same bytes.
  public static func == (one: UserName, other: UserName) -> Bool {
    one.text.utf8.elementsEqual(other.text.utf8)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }

  /// The name.
  public var description: String { text }
}
