import Kernel

/// The body that most publishers send, `{"message":"…"}` with nothing in the text that JSON escapes,
/// read without a scanner.
enum PlainMessage {
  private static let beginnings = [Array("{\"message\":\"".utf8), Array("{\"message\": \"".utf8)]

  /// The message; nil where the body is anything else.
  static func text(of bytes: Span<UInt8>) -> String? {
    guard let range = range(in: bytes) else { return nil }
    do { return String(copying: try UTF8Span(validating: bytes.extracting(range))) } catch {
      return nil
    }
  }

  /// Where the message stands, whose UTF-8 is yet to be checked; nil where the body is anything else.
  static func range(in bytes: Span<UInt8>) -> Range<Int>? {
    for beginning in beginnings where bytes.count >= beginning.count + 2 {
      guard bytes.extracting(0..<beginning.count).hasSameBytes(as: beginning.span),
        bytes[bytes.count - 2] == UInt8(ascii: "\""), bytes[bytes.count - 1] == UInt8(ascii: "}")
      else { continue }
      let range = beginning.count..<(bytes.count - 2)
      for index in range where isEscaped(bytes[index]) { return nil }
      return range
    }
    return nil
  }

  /// Whether a byte cannot stand for itself in a string (RFC 8259, section 7).
  static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
