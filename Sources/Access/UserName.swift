import Kernel

/// The name of somebody, as it was proven: any UTF-8 text of 1 to 255 bytes without control characters.
public struct UserName: Hashable, Sendable, CustomStringConvertible {
  /// The name.
  public let text: String

  /// A name; nil where it cannot be one.
  public init?(_ text: String) {
    guard (1...AccessLimits.nameByteCountMaximum).contains(text.utf8.count), !text.hasControls
    else { return nil }
    self.text = text
  }

  /// The name in UTF-8; nil where it cannot be one.
  public init?(_ bytes: [UInt8]) {
    guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
    self.init(text)
  }

  /// Whether it can stand in a topic as `{user}`: a dot would make it several parts, of which others might be
  /// somebody's too; `*` and `>` would take everybody's.
  public var isPart: Bool {
    !text.utf8.contains { ".*>{}".utf8.contains($0) }
  }

  /// Whether both are the same bytes.
  public static func == (one: UserName, other: UserName) -> Bool {
    one.text.hasSameBytes(as: other.text)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in text.utf8 { hasher.combine(byte) }
  }

  /// The name.
  public var description: String { text }
}

/// Written as a text.
extension UserName: Codable {
  /// Reads one.
  ///
  /// - Throws: `DecodingError` for what cannot be one.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let name = UserName(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is no name")
    }
    self = name
  }

  /// Writes it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
