/// Query strings: `name=value` pairs with percent escapes and `+` for a space
/// (application/x-www-form-urlencoded, WHATWG URL section 5.1).
enum FormDecoding {
  /// The pairs in their order; text that is not UTF-8 is a problem.
  ///
  /// - Parameter place: what an answer calls the query or form.
  static func pairs(
    _ query: some Collection<UInt8>, of place: String = "the query"
  ) throws(Problem) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for part in Array(query).split(separator: UInt8(ascii: "&")) {
      let end = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
      pairs.append(
        (try decode(part[..<end], place), try decode(part[end...].dropFirst(), place)))
    }
    return pairs
  }

  private static func decode(
    _ text: ArraySlice<UInt8>, _ place: String
  ) throws(Problem) -> String {
    let bytes = PercentDecoding.decode(text, plusIsSpace: true)
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw Problem(
        status: 400, code: .invalidUTF8,
        detail: "\(place) is not UTF-8 after its percent escapes are decoded: encode it in UTF-8",
        field: place == "the query" ? "query" : nil)
    }
    return decoded
  }
}
