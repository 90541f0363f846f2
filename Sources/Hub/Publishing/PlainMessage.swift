import Kernel

/// The body that most publishers send, `{"message":"…"}` with nothing in the text that JSON escapes,
/// read without a decoder.
///
/// Measured: the decoder takes a third of the time that a publish costs the hub. What is not exactly
/// this is the decoder's.
enum PlainMessage {
  private static let beginnings = [Array("{\"message\":\"".utf8), Array("{\"message\": \"".utf8)]

  /// The message; nil where the body is anything else.
  static func text(of body: [UInt8]) -> String? {
    for beginning in beginnings where body.count >= beginning.count + 2 {
      let bytes = body.span
      guard bytes.extracting(0..<beginning.count).hasSameBytes(as: beginning.span),
        bytes[body.count - 2] == UInt8(ascii: "\""), bytes[body.count - 1] == UInt8(ascii: "}")
      else { continue }
      let range = beginning.count..<(body.count - 2)
      for index in range where isEscaped(bytes[index]) { return nil }
      return String(validating: body[range], as: UTF8.self)
    }
    return nil
  }

  /// Whether a byte cannot stand for itself in a string (RFC 8259, section 7).
  static func isEscaped(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }
}
