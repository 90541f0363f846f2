internal import CTOML

/// What toml++ has read: the only place that calls it.
///
/// The values come as one list, in which what lies in a value follows it.
@safe
struct TOMLDocument: ~Copyable {
  private let document: OpaquePointer?

  init(_ bytes: [UInt8]) {
    unsafe document = bytes.withUnsafeBytes { unsafe weir_toml_parse($0.baseAddress, $0.count) }
  }

  deinit { unsafe weir_toml_free(document) }

  /// What is wrong with the text; nil where it was read.
  var fault: TOMLFault? {
    guard let document = unsafe document else {
      return TOMLFault(line: 1, column: 1, text: "there is not enough memory to read it")
    }
    guard unsafe weir_toml_has_failed(document) else { return nil }
    let place = unsafe weir_toml_failure_place(document)
    let count = unsafe weir_toml_text_count(document)
    return TOMLFault(
      line: Int(place.line), column: Int(place.column),
      text: Self.advised(text(weir_toml_stretch(offset: 0, count: count))))
  }

  /// How many values there are, the text's own table being the first.
  var count: Int { unsafe weir_toml_node_count(document) }

  /// One of them.
  subscript(index: Int) -> weir_toml_node {
    precondition((0..<count).contains(index))
    return unsafe weir_toml_node_at(document, index)
  }

  /// A name or a text, which toml++ has checked to be UTF-8.
  func text(_ stretch: weir_toml_stretch) -> String {
    guard stretch.count > 0 else { return "" }
    let texts = unsafe UnsafeRawBufferPointer(
      start: weir_toml_texts(document), count: weir_toml_text_count(document))
    let part = unsafe texts[stretch.offset..<stretch.offset + stretch.count]
    return unsafe String(decoding: part, as: UTF8.self)
  }

  /// toml++'s words, and what to do where they do not say it.
  private static func advised(_ text: String) -> String {
    let bytes = text.utf8.starts(with: "Error ".utf8) ? text.utf8.dropFirst(6) : text.utf8[...]
    let said = String(decoding: bytes, as: UTF8.self)
    guard let advice = advice.first(where: { $0.parts.allSatisfy(said.contains) }) else {
      return said
    }
    return "\(said): \(advice.text)"
  }

  private static let advice: [(parts: [String], text: String)] = [
    (["could not determine value type"], "a text stands in quotes, a list in brackets"),
    (["integer: expected digit"], "a number with a unit stands in quotes"),
    (["string: control characters"], "is there no quote at its end?"),
    (["string: encountered end-of-file"], "is there no quote at its end?"),
  ]
}
