import Kernel

/// What a grant allows: a topic, or a pattern with `*` for one part between dots and `>` at its end for one
/// or more, as subscribers write them.
public struct AccessPattern: Hashable, Sendable, CustomStringConvertible {
  /// As people write it.
  public let description: String

  private static let dot = UInt8(ascii: ".")
  private static let one = UInt8(ascii: "*")
  private static let rest = UInt8(ascii: ">")

  /// A pattern; nil where no topic could be like it.
  public init?(_ text: String) {
    guard (1...AccessLimits.patternByteCountMaximum).contains(text.utf8.count), !text.hasControls
    else { return nil }
    let parts = text.utf8.split(separator: Self.dot, omittingEmptySubsequences: false)
    guard !parts.dropLast().contains(where: { $0.elementsEqual([Self.rest]) }) else { return nil }
    description = text
  }

  /// Whether everything that a topic or a pattern of a subscriber takes is taken by this one too.
  public func covers(_ asked: String) -> Bool { covers(asked.utf8.span) }

  /// The same for its bytes.
  func covers(_ asked: Span<UInt8>) -> Bool {
    let own = description.utf8.span
    var (begin, askedBegin) = (0, 0)
    while true {
      let (end, askedEnd) = (own.end(ofPartAt: begin), asked.end(ofPartAt: askedBegin))
      if own.isPart(Self.rest, from: begin, to: end) { return true }
      if own.isPart(Self.one, from: begin, to: end) {
        if asked.isPart(Self.rest, from: askedBegin, to: askedEnd) { return false }
      } else {
        guard
          own.extracting(begin..<end).hasSameBytes(as: asked.extracting(askedBegin..<askedEnd))
        else { return false }
      }
      guard end < own.count, askedEnd < asked.count else {
        return end == own.count && askedEnd == asked.count
      }
      (begin, askedBegin) = (end + 1, askedEnd + 1)
    }
  }

  /// Whether both are the same bytes.
  public static func == (one: AccessPattern, other: AccessPattern) -> Bool {
    one.description.hasSameBytes(as: other.description)
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    for byte in description.utf8 { hasher.combine(byte) }
  }
}

extension Span<UInt8> {
  /// The place behind the part between dots that begins at another one.
  fileprivate func end(ofPartAt begin: Int) -> Int {
    var end = begin
    while end < count, self[end] != UInt8(ascii: ".") { end += 1 }
    return end
  }

  /// Whether a part is this one byte.
  fileprivate func isPart(_ byte: UInt8, from begin: Int, to end: Int) -> Bool {
    end == begin + 1 && self[begin] == byte
  }
}

/// Written as people write it.
extension AccessPattern: Codable {
  /// Reads one.
  ///
  /// - Throws: `DecodingError` for anything else.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let pattern = AccessPattern(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "it is no pattern")
    }
    self = pattern
  }

  /// Writes it.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
