/// Query strings: `name=value` pairs with percent escapes and `+` for a space
/// (application/x-www-form-urlencoded, WHATWG URL section 5.1).
enum FormDecoding {
  /// The pairs in their order; text that is not UTF-8 is a problem.
  static func pairs(_ query: String) throws(Problem) -> [(name: String, value: String)] {
    var pairs: [(name: String, value: String)] = []
    for part in query.split(separator: "&") {
      let halves = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try decode(halves[0])
      pairs.append((name, halves.count > 1 ? try decode(halves[1]) : ""))
    }
    return pairs
  }

  /// What is said of a query that is not text.
  static let notUTF8 = Problem(
    status: 400, code: .invalidUTF8,
    detail: "the query is not UTF-8 after its percent escapes are decoded: encode it in UTF-8",
    field: "query")

  private static func decode(_ text: Substring) throws(Problem) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count)
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"):
        bytes.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2)
        let text = Substring(digits)
        guard digits.count == 2, text.allSatisfy(\.isHexDigit), let value = UInt8(text, radix: 16)
        else {
          bytes.append(byte)
          continue
        }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default:
        bytes.append(byte)
      }
    }
    guard let decoded = String(validating: bytes, as: UTF8.self) else {
      throw notUTF8
    }
    return decoded
  }
}
