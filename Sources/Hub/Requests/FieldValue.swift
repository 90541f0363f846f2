/// The value of a header field that names a type or an encoding, without parameters (RFC 9110, sections
/// 8.3.1 and 8.4).
struct FieldValue {
  private let bytes: [UInt8]

  /// Reads a field as it was sent.
  init(_ field: String) {
    bytes = field.utf8.prefix { $0 != UInt8(ascii: ";") }
      .filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      .map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// The name in small letters; empty where none was given.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether it is the encoding that is none.
  var isIdentity: Bool { bytes.elementsEqual("identity".utf8) }

  /// Whether it is the type JSON, by its own name or as the syntax of another type (RFC 6839, section 3.1).
  var isJSON: Bool {
    bytes.elementsEqual("application/json".utf8)
      || (bytes.starts(with: "application/".utf8)
        && bytes.suffix("+json".utf8.count).elementsEqual("+json".utf8))
  }
}
