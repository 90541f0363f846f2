/// The value of a header field that names a type or an encoding (RFC 9110, sections 8.3.1 and 8.4).
struct FieldValue {
  /// All of it in small letters, without white space.
  private let bytes: [UInt8]
  /// How many of the bytes are the name.
  private let nameByteCount: Int

  /// Reads a field as it was sent.
  init(_ field: String) {
    var bytes = Array(field.utf8)
    if bytes.contains(where: Self.isSpace) { bytes.removeAll(where: Self.isSpace) }
    for index in bytes.indices where UInt8(ascii: "A")...UInt8(ascii: "Z") ~= bytes[index] {
      bytes[index] |= 0x20
    }
    self.bytes = bytes
    nameByteCount = bytes.firstIndex(of: UInt8(ascii: ";")) ?? bytes.count
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private var name: ArraySlice<UInt8> { bytes[..<nameByteCount] }

  /// The name in small letters; empty where none was given.
  var text: String { String(decoding: name, as: UTF8.self) }

  /// A parameter behind the name, in small letters, without quotes around it.
  func parameter(_ name: String) -> String? {
    for parameter in bytes[nameByteCount...].split(separator: UInt8(ascii: ";"))
    where parameter.starts(with: "\(name)=".utf8) {
      let value = parameter[(parameter.startIndex + name.utf8.count + 1)...]
        .filter { $0 != UInt8(ascii: "\"") }
      return String(decoding: value, as: UTF8.self)
    }
    return nil
  }

  /// Whether it is the encoding that is none.
  var isIdentity: Bool { has("identity") }

  /// Whether it is the type JSON, by its own name or as the syntax of another type (RFC 6839, section 3.1).
  var isJSON: Bool {
    has("application/json")
      || (name.starts(with: "application/".utf8)
        && bytes[..<nameByteCount].suffix(5).elementsEqual("+json".utf8))
  }

  /// Whether it is the type that browsers and `curl -d` send forms as.
  var isForm: Bool { has("application/x-www-form-urlencoded") }

  /// Whether it is a form in parts, as `curl -F` sends it.
  var isMultipart: Bool { name.starts(with: "multipart/".utf8) }

  /// Whether it is JSON in lines.
  var isLines: Bool {
    [
      "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonl",
      "application/jsonlines", "application/x-jsonlines",
    ]
    .contains(where: has)
  }

  /// Whether a browser sends a body of this type to other sites without asking them (Fetch standard,
  /// "CORS-safelisted request-header").
  var needsNoPreflight: Bool {
    name.isEmpty || isForm || has("text/plain") || has("multipart/form-data")
  }

  /// The charset that it names, if that is not UTF-8 nor a part of it.
  var otherCharset: String? {
    parameter("charset").flatMap { charset in
      ["utf-8", "utf8", "us-ascii", "ascii", ""].contains { charset.utf8.elementsEqual($0.utf8) }
        ? nil : charset
    }
  }

  private func has(_ name: String) -> Bool {
    nameByteCount == name.utf8.count && self.name.elementsEqual(name.utf8)
  }
}
