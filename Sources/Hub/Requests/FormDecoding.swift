/// Query strings: `name=value` pairs with percent escapes and `+` for a space
/// (application/x-www-form-urlencoded, WHATWG URL section 5.1).
enum FormDecoding {
  /// The pairs in their order; text that is not UTF-8 is a problem.
  static func pairs(
    _ query: some Collection<UInt8>
  ) throws(Problem) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for part in Array(query).split(separator: UInt8(ascii: "&")) {
      let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      pairs.append((try decode(part[..<end]), try decode(part[end...].dropFirst())))
    }
    return pairs
  }

  private static func decode(_ text: ArraySlice<UInt8>) throws(Problem) -> String {
    let bytes = PercentDecoding.decode(text, plusIsSpace: true)
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw Problem(
        status: 400, code: .invalidUTF8,
        detail: "the query is not UTF-8 after its percent escapes are decoded: encode it in UTF-8",
        field: "query")
    }
    return decoded
  }
}
