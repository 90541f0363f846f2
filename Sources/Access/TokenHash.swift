/// What is kept of a bearer token: its SHA-256 (FIPS 180-4).
///
/// A token has 256 random bits, so nothing can be tried out on it, and a hash that takes long would protect
/// nothing.
public struct TokenHash: Hashable, Sendable, CustomStringConvertible {
  /// Its bytes, eight in a word, the first one highest.
  private let words: (UInt64, UInt64, UInt64, UInt64)

  private static let beginning = "sha256:"
  private static let byteCount = 32

  /// The hash of a token.
  public init(of token: some Collection<UInt8>, by library: any SignatureLibrary) {
    self.init(library.sha256(of: Array(token)))
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
    self.init(bytes)
  }

  private init(_ bytes: [UInt8]) {
    func word(_ number: Int) -> UInt64 {
      var word: UInt64 = 0
      for place in (8 * number)..<(8 * number + 8) { word = word << 8 | UInt64(bytes[place]) }
      return word
    }
    words = (word(0), word(1), word(2), word(3))
  }

  /// Whether both are the same; takes as long wherever they differ.
  public static func == (one: TokenHash, other: TokenHash) -> Bool {
    let (one, other) = (one.words, other.words)
    return (one.0 ^ other.0) | (one.1 ^ other.1) | (one.2 ^ other.2) | (one.3 ^ other.3) == 0
  }

  /// Hashes its first word: nobody finds tokens in which it is the same in numbers that matter.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
  }

  /// As files have it.
  public var description: String { Self.beginning + digits }

  /// Hexadecimal digits alone.
  public var digits: String {
    let digits = Array("0123456789abcdef".utf8)
    let words = [words.0, words.1, words.2, words.3]
    return String(
      decoding: words.flatMap { word in
        stride(from: 60, through: 0, by: -4).map { digits[Int(word >> $0 & 15)] }
      }, as: UTF8.self)
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
