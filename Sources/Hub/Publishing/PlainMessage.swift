import Kernel

/// The body that most publishers send, `{"message":"…"}` with nothing in the text that JSON escapes,
/// read without a scanner.
enum PlainMessage {
  private static let beginnings = [Array("{\"message\":\"".utf8), Array("{\"message\": \"".utf8)]

  /// The message; nil where the body is anything else.
  static func text(of bytes: Span<UInt8>) -> String? {
    guard let range = place(in: bytes) else { return nil }
    do {
      return String(copying: try UTF8Span(validating: bytes.extracting(range)))
    } catch {
      return nil
    }
  }

  /// Where the message stands, which is UTF-8 then; nil where the body is anything else.
  static func range(in bytes: Span<UInt8>) -> Range<Int>? {
    guard let range = place(in: bytes) else { return nil }
    let text = bytes.extracting(range)
    if text.plainness == .ascii { return range }
    do {
      _ = try UTF8Span(validating: text)
      return range
    } catch {
      return nil
    }
  }

  private static func place(in bytes: Span<UInt8>) -> Range<Int>? {
    for beginning in beginnings where bytes.count >= beginning.count + 2 {
      guard bytes.extracting(0..<beginning.count).hasSameBytes(as: beginning.span),
        bytes[bytes.count - 2] == UInt8(ascii: "\""), bytes[bytes.count - 1] == UInt8(ascii: "}")
      else { continue }
      let range = beginning.count..<(bytes.count - 2)
      return bytes.extracting(range).plainness == .escaped ? nil : range
    }
    return nil
  }

  /// Whether a byte cannot stand for itself in a string (RFC 8259, section 7).
  static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
