/// Takes the framing of `Transfer-Encoding: chunked` off a response body that comes in pieces cut
/// anywhere (RFC 9112, section 7.1).
///
/// Sizes and line ends are looked at byte by byte, the content is only stepped over. Chunk
/// extensions are skipped; a trailer is taken for the end, since nothing after it is wanted.
struct ChunkDecoder {
  private enum Part {
    case size, extensions, content, contentEnd, ended
  }

  private var part = Part.size
  private var remaining = 0
  private var digitCount = 0

  /// Whether the body has come to its end.
  var hasEnded: Bool { part == .ended }

  /// The next stretch of content in `range` of `bytes`, whose begin moves behind it; nil where there
  /// is none left.
  mutating func next(
    _ bytes: Span<UInt8>, _ range: inout Range<Int>
  ) throws(Failure) -> Range<Int>? {
    var position = range.lowerBound
    defer { range = position..<range.upperBound }
    while position < range.upperBound {
      if part == .content {
        let start = position
        position = min(range.upperBound, start + remaining)
        remaining -= position - start
        if remaining == 0 { part = .contentEnd }
        return start..<position
      }
      if part == .ended { return nil }
      try step(over: bytes[position])
      position += 1
    }
    return nil
  }

  private mutating func step(over byte: UInt8) throws(Failure) {
    switch part {
    case .size:
      if let digit = Self.digit(byte), digitCount < 8 {
        remaining = remaining << 4 | digit
        digitCount += 1
        return
      }
      guard digitCount > 0 else { throw Failure("the response's chunked encoding is broken") }
      part = .extensions
      try step(over: byte)
    case .extensions:
      guard byte == UInt8(ascii: "\n") else { return }
      part = remaining == 0 ? .ended : .content
      digitCount = 0
    case .contentEnd:
      if byte == UInt8(ascii: "\n") { part = .size }
    case .content, .ended:
      return
    }
  }

  private static func digit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
