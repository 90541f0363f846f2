/// What is kept of a bearer token: its SHA-256 (FIPS 180-4).
///
/// A token has 256 random bits, so nothing can be tried out on it, and a hash that takes long would protect
/// nothing.
public struct TokenHash: Hashable, Sendable, CustomStringConvertible {
  private let bytes: [UInt8]

  private static let beginning = "sha256:"
  private static let byteCount = 32

  /// The hash of a token.
  public init(of token: some Collection<UInt8>, by library: any SignatureLibrary) {
    bytes = library.sha256(of: Array(token))
  }

  /// A hash as files have it: `sha256:` and 64 hexadecimal digits; nil for anything else.
  public init?(_ text: String) {
    guard text.utf8.starts(with: Self.beginning.utf8) else { return nil }
    let digits = Array(text.utf8.dropFirst(Self.beginning.utf8.count))
    guard digits.count == 2 * Self.byteCount else { return nil }
    var bytes: [UInt8] = []
    for place in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(digits[place]), let low = Self.value(digits[place + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  /// Whether both are the same; takes as long wherever they differ.
  public static func == (one: TokenHash, other: TokenHash) -> Bool {
    var difference: UInt8 = 0
    for place in 0..<byteCount { difference |= one.bytes[place] ^ other.bytes[place] }
    return difference == 0
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(bytes)
  }

  /// As files have it.
  public var description: String { Self.beginning + digits }

  /// Hexadecimal digits alone.
  public var digits: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// Written as files have it.
extension TokenHash: Codable {
  /// Reads one.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let hash = TokenHash(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "it is no hash of a token")
    }
    self = hash
  }

  /// Writes it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
