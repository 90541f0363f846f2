import Kernel

extension PublishFields {
  /// Takes what stands in a request beside its body; returns whether the body is to be published as it is.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/publish/`, if anything does.
  ///   - pairs: the query.
  ///   - headers: names as CGI variables without `HTTP_`.
  ///   - hasBody: whether data stands in a body; else the query has it.
  mutating func take(
    pathTopic: String?, pairs: [(name: String, value: String)],
    headers: [(name: String, value: [UInt8])], hasBody: Bool = true
  ) throws(Problem) -> Bool {
    if let pathTopic { try take(.topic, pathTopic, from: .path) }
    let isRaw = try take(pairs: pairs, hasBody: hasBody)
    var lists: [Written] = []
    for header in headers {
      guard let field = PublishField(header: header.name) else { continue }
      guard let text = String(validating: header.value, as: UTF8.self)?.trimmed else {
        throw Problem(
          status: 400, code: .invalidUTF8,
          detail: "a header is not UTF-8: send it in UTF-8, or as ?\(field)=…",
          field: field.rawValue)
      }
      guard !text.isEmpty else { continue }
      // Most web servers hand on one of two headers of a name, so two do not make a list here either.
      if field == .topic || field == .topics {
        let list = Written(field: field, text: text, place: .header)
        if let before = lists.first(where: { $0.field == field }) {
          guard before.text.hasSameBytes(as: text) else { throw Self.contradiction(before, list) }
          continue
        }
        lists.append(list)
      }
      try take(field, field == .key ? try Self.key(text) : text, from: .header)
    }
    return isRaw
  }

  private mutating func take(
    pairs: [(name: String, value: String)], hasBody: Bool
  ) throws(Problem) -> Bool {
    guard !pairs.isEmpty else { return false }
    let fields = hasBody ? PublishField.besideBody : PublishField.allCases
    let names = fields.map(\.rawValue) + ["stream"] + (hasBody ? ["raw"] : [])
    try QueryNames.check(
      pairs, among: names,
      rule: "a publish takes \(names.joined(separator: ", "))"
        + (hasBody ? "; the message stands in the body" : ""))
    var isRaw = false
    for pair in QueryNames.own(pairs) {
      switch pair.name {
      case "raw": isRaw = try QueryNames.flag(pair.value, name: "raw")
      case "stream": try take(.topic, pair.value, from: .query)
      default:
        guard let field = PublishField(rawValue: pair.name) else { continue }
        try take(field, pair.value, from: .query)
      }
    }
    return isRaw
  }

  /// The key of a header, which is a string in quotes by draft-ietf-httpapi-idempotency-key-header (RFC
  /// 9651, section 3.3.3), and often sent without.
  private static func key(_ text: String) throws(Problem) -> String {
    guard text.utf8.first == UInt8(ascii: "\"") else { return text }
    var key: [UInt8] = []
    var isEscaped = false
    var isEnded = false
    for byte in text.utf8.dropFirst() {
      if isEnded { throw malformedKey }
      if isEscaped {
        isEscaped = false
        key.append(byte)
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else if byte == UInt8(ascii: "\"") {
        isEnded = true
      } else {
        key.append(byte)
      }
    }
    guard isEnded else { throw malformedKey }
    return String(decoding: key, as: UTF8.self)
  }

  private static let malformedKey = Problem(
    status: 400, code: .invalidKey,
    detail: "Idempotency-Key begins with a quote and does not end with one: send it in quotes or "
      + "without", field: "key")

  /// Takes a form's fields where it has a message or data; false where it has none, and nothing is taken.
  ///
  /// A field without text was left blank and says nothing.
  mutating func take(form bytes: [UInt8]) throws(Problem) -> Bool {
    guard Self.isForm(bytes) else { return false }
    for pair in QueryNames.own(try FormDecoding.pairs(bytes, of: "the body")) {
      guard let field = PublishField(rawValue: pair.name) else {
        throw Self.unknownField(pair.name)
      }
      if pair.value.isEmpty, field != .message, field != .data { continue }
      try take(field, pair.value, from: .body)
    }
    return true
  }

  /// Whether bytes have a field `message=` or `data=`; else they are a text, which `curl -d` sends as a
  /// form as well.
  private static func isForm(_ bytes: [UInt8]) -> Bool {
    bytes.split(separator: UInt8(ascii: "&")).contains { pair in
      pair.starts(with: "message=".utf8) || pair.starts(with: "data=".utf8)
    }
  }
}
