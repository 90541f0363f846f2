/// The type of a body, without parameters (RFC 9110, section 8.3.1).
struct MediaType {
  private let bytes: [UInt8]

  /// Reads the value of a `Content-Type` field.
  init(_ field: String) {
    bytes = field.utf8.prefix { $0 != UInt8(ascii: ";") }
      .filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      .map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
  }

  /// The type in small letters; empty where none was given.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Whether it is JSON, by its own name or as the syntax of another type (RFC 6839, section 3.1).
  var isJSON: Bool {
    bytes.elementsEqual("application/json".utf8)
      || (bytes.starts(with: "application/".utf8)
        && bytes.suffix("+json".utf8.count).elementsEqual("+json".utf8))
  }
}
