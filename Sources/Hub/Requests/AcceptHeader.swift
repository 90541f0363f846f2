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

  /// Which of some types is wanted most: of those that are wanted alike one that is named, and of those the
  /// first; nil where none is wanted.
  ///
  /// Programs name what they like, and `*/*` behind it for what they would take.
  func best(of types: [String]) -> String? {
    var best: (type: String, quality: Int, exactness: Int)?
    for type in types {
      let (quality, exactness) = match(type)
      guard quality > 0 else { continue }
      if let best, (quality, exactness) <= (best.quality, best.exactness) { continue }
      best = (type, quality, exactness)
    }
    return best?.type
  }

  /// Whether a type is named, and wanted.
  func names(_ type: String) -> Bool {
    let (quality, exactness) = match(type)
    return quality > 0 && exactness == 2
  }

  /// How much a type is wanted, in thousandths.
  private func quality(of type: String) -> Int { match(type).quality }

  /// What the range says that names a type most exactly: 2 for the type, 1 for its family, 0 for all.
  private func match(_ type: String) -> (quality: Int, exactness: Int) {
    guard !ranges.isEmpty else { return (1000, 0) }
    let family = type.utf8.prefix { $0 != UInt8(ascii: "/") } + "/*".utf8
    for (exactness, name) in [(2, Array(type.utf8)), (1, Array(family)), (0, Array("*/*".utf8))] {
      if let range = ranges.first(where: { $0.type.text.utf8.elementsEqual(name) }) {
        return (range.quality, exactness)
      }
    }
    return (0, 0)
  }

  /// `0.8` in thousandths; what is no such number counts as not written.
  private static func quality(_ text: String?) -> Int {
    guard let text, let number = Double(text), (0...1).contains(number) else { return 1000 }
    return Int(number * 1000)
  }
}
