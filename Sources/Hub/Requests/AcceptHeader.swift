import Kernel

/// Which types of an answer a client would like (RFC 9110, section 12.5.1).
struct AcceptHeader {
  private var ranges: [(type: FieldValue, quality: Int)] = []

  /// Reads a field as it was sent; nil and an empty one take everything.
  init(_ field: String?) {
    // What curl sends.
    guard let field, !field.hasSameBytes(as: "*/*") else { return }
    for part in field.utf8.split(separator: UInt8(ascii: ",")) {
      let text = String(decoding: Array(part), as: UTF8.self)
      let type = FieldValue(text)
      if !type.text.isEmpty { ranges.append((type, Self.quality(type.parameter("q")))) }
    }
  }

  /// Whether a type is wanted more than another one.
  ///
  /// - Parameter types: such as `text/plain`, in small letters.
  func prefers(_ type: String, to other: String) -> Bool {
    quality(of: type) > quality(of: other)
  }

  /// How much a type is wanted, in thousandths: what the range says that names it most exactly.
  private func quality(of type: String) -> Int {
    guard !ranges.isEmpty else { return 1000 }
    let family = type.utf8.prefix { $0 != UInt8(ascii: "/") } + "/*".utf8
    for name in [Array(type.utf8), Array(family), Array("*/*".utf8)] {
      if let range = ranges.first(where: { $0.type.text.utf8.elementsEqual(name) }) {
        return range.quality
      }
    }
    return 0
  }

  /// `0.8` in thousandths; what is no such number counts as not written.
  private static func quality(_ text: String?) -> Int {
    guard let text, let number = Double(text), (0...1).contains(number) else { return 1000 }
    return Int(number * 1000)
  }
}
