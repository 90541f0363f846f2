/// Walks over one JSON text whose bytes are UTF-8; see RFC 8259 for the grammar.
struct JSONScanner {
  /// What a fault repeats of a name.
  private static let excerptByteCountMaximum = 64

  /// An object with more members finds a name that it has already by its hash.
  private static let comparedNameCountMaximum = 16

  private let bytes: [UInt8]
  private var index: Int
  private var depth = 0
  /// What lies directly in the outermost object.
  private(set) var members: [JSONMember] = []
  /// What lies directly in the outermost array.
  private(set) var elements: [JSONValue] = []

  /// - Parameter index: where the text begins.
  init(_ bytes: [UInt8], at index: Int = 0) {
    self.bytes = bytes
    self.index = index
  }

  /// Walks over the whole text; returns the value that it is.
  mutating func scan() throws(JSONFault) -> JSONValue {
    skipSpace()
    guard index < bytes.count else { throw fault(.empty, at: 0) }
    let value = try value()
    skipSpace()
    if index < bytes.count { throw fault(isComment ? .comment : .trailingText) }
    return value
  }

  /// Walks over the value that begins here.
  @discardableResult
  mutating func value() throws(JSONFault) -> JSONValue {
    let begin = index
    let kind = try kind()
    return JSONValue(kind: kind, range: begin..<index)
  }

  private mutating func kind() throws(JSONFault) -> JSONValue.Kind {
    switch bytes[index] {
    case UInt8(ascii: "\""):
      _ = try string(keepsText: false)
      return .string
    case UInt8(ascii: "{"):
      try object()
      return .object
    case UInt8(ascii: "["):
      try array()
      return .array
    case UInt8(ascii: "'"): throw fault(.singleQuotes)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      try number()
      return .number
    case UInt8(ascii: "t"):
      try word("true")
      return .boolean
    case UInt8(ascii: "f"):
      try word("false")
      return .boolean
    case UInt8(ascii: "n"):
      try word("null")
      return .null
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "+"), UInt8(ascii: "."), 0x80...:
      throw fault(.noValue)
    default:
      throw fault(isComment ? .comment : .unexpected(byte: bytes[index], expected: "a value"))
    }
  }

  // MARK: - Values in one another

  private mutating func object() throws(JSONFault) {
    let isOutermost = depth == 0
    var names = NameList()
    try members(of: "an object", end: UInt8(ascii: "}")) { scanner throws(JSONFault) in
      try scanner.expectName()
      let begin = scanner.index
      let name = try scanner.string(keepsText: true)
      if !names.insert(name) {
        throw scanner.fault(.duplicateName(Self.excerpt(of: name)), at: begin)
      }
      try scanner.skipSpace(in: "an object")
      guard scanner.bytes[scanner.index] == UInt8(ascii: ":") else {
        throw scanner.fault(.unexpected(byte: scanner.bytes[scanner.index], expected: "':'"))
      }
      scanner.index += 1
      try scanner.skipSpace(in: "an object")
      let value = try scanner.value()
      if isOutermost { scanner.members.append(JSONMember(name: name, value: value)) }
    }
  }

  /// The names of an object's members.
  private struct NameList {
    private var few: [ArraySlice<UInt8>] = []
    private var all: Set<ArraySlice<UInt8>> = []

    /// Adds a name; false where it is there already.
    mutating func insert(_ name: ArraySlice<UInt8>) -> Bool {
      guard all.isEmpty else { return all.insert(name).inserted }
      if few.contains(name) { return false }
      few.append(name)
      if few.count == JSONScanner.comparedNameCountMaximum { all = Set(few) }
      return true
    }
  }

  private static func excerpt(of bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix(excerptByteCountMaximum), as: UTF8.self)
  }

  private func expectName() throws(JSONFault) {
    switch bytes[index] {
    case UInt8(ascii: "\""): return
    case UInt8(ascii: "'"): throw fault(.singleQuotes)
    default:
      throw fault(
        isComment ? .comment : .unexpected(byte: bytes[index], expected: "a name in double quotes"))
    }
  }

  private mutating func array() throws(JSONFault) {
    let isOutermost = depth == 0
    try members(of: "an array", end: UInt8(ascii: "]")) { scanner throws(JSONFault) in
      let value = try scanner.value()
      if isOutermost { scanner.elements.append(value) }
    }
  }

  /// Walks over what stands between brackets, with commas between.
  private mutating func members(
    of what: String, end: UInt8, _ member: (inout JSONScanner) throws(JSONFault) -> Void
  ) throws(JSONFault) {
    depth += 1
    guard depth <= JSONText.depthMaximum else { throw fault(.tooDeep) }
    index += 1
    try skipSpace(in: what)
    if bytes[index] != end {
      while true {
        try member(&self)
        try skipSpace(in: what)
        if bytes[index] == end { break }
        let comma = index
        guard bytes[index] == UInt8(ascii: ",") else {
          throw fault(
            isComment
              ? .comment
              : .unexpected(
                byte: bytes[index], expected: "',' or the end of \(what)"))
        }
        index += 1
        try skipSpace(in: what)
        if bytes[index] == end { throw fault(.trailingComma, at: comma) }
      }
    }
    index += 1
    depth -= 1
  }

  // MARK: - Strings

  /// Walks over the string that begins here; returns its bytes without escapes if they are wanted.
  mutating func string(keepsText: Bool) throws(JSONFault) -> ArraySlice<UInt8> {
    var text: [UInt8] = []
    var hasEscapes = false
    index += 1
    var start = index
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\""):
        let rest = bytes[start..<index]
        index += 1
        guard keepsText, hasEscapes else { return rest }
        return (text + rest)[...]
      case UInt8(ascii: "\\"):
        hasEscapes = true
        if keepsText { text += bytes[start..<index] }
        let escaped = try escape()
        if keepsText {
          text.append(contentsOf: UTF8.encode(escaped) ?? UTF8.encodedReplacementCharacter)
        }
        start = index
      case 0..<0x20:
        throw fault(.controlInString(bytes[index]))
      default:
        index += 1
      }
    }
    throw fault(.cutOff(in: "a string"))
  }

  /// Walks over an escape; returns what it stands for.
  private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
    let begin = index
    guard index + 1 < bytes.count else { throw fault(.cutOff(in: "a string"), at: bytes.count) }
    let letter = bytes[index + 1]
    index += 2
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): return try unicodeEscape(from: begin)
    default: throw fault(.unknownEscape, at: begin)
    }
  }

  private mutating func unicodeEscape(from begin: Int) throws(JSONFault) -> Unicode.Scalar {
    var number = try fourDigits(from: begin)
    if (0xD800...0xDBFF).contains(number) {
      guard index + 1 < bytes.count else {
        throw index == bytes.count
          ? fault(.cutOff(in: "a string")) : fault(.loneSurrogate, at: begin)
      }
      guard bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
        throw fault(.loneSurrogate, at: begin)
      }
      let second = index
      index += 2
      let low = try fourDigits(from: second)
      guard (0xDC00...0xDFFF).contains(low) else { throw fault(.loneSurrogate, at: begin) }
      number = 0x10000 + (number - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(number) else { throw fault(.loneSurrogate, at: begin) }
    return scalar
  }

  private mutating func fourDigits(from begin: Int) throws(JSONFault) -> UInt32 {
    guard index + 4 <= bytes.count else { throw fault(.cutOff(in: "a string"), at: bytes.count) }
    var number: UInt32 = 0
    for _ in 0..<4 {
      let digit: UInt8
      switch bytes[index] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = bytes[index] - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = bytes[index] - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = bytes[index] - UInt8(ascii: "A") + 10
      default: throw fault(.unknownEscape, at: begin)
      }
      number = number << 4 | UInt32(digit)
      index += 1
    }
    return number
  }

  // MARK: - Numbers and words

  private mutating func number() throws(JSONFault) {
    let begin = index
    if bytes[index] == UInt8(ascii: "-") { index += 1 }
    let whole = index
    guard skipDigits() else { throw badNumber(from: begin) }
    if bytes[whole] == UInt8(ascii: "0"), index > whole + 1 { throw fault(.noValue, at: begin) }
    if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
      index += 1
      guard skipDigits() else { throw badNumber(from: begin) }
    }
    if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[index]) {
        index += 1
      }
      guard skipDigits() else { throw badNumber(from: begin) }
    }
    try expectWordsEnd(from: begin)
  }

  private func badNumber(from begin: Int) -> JSONFault {
    index == bytes.count ? fault(.cutOff(in: "a number")) : fault(.noValue, at: begin)
  }

  private mutating func skipDigits() -> Bool {
    let begin = index
    while index < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index]) {
      index += 1
    }
    return index > begin
  }

  private mutating func word(_ word: String) throws(JSONFault) {
    let begin = index
    for byte in word.utf8 {
      guard index < bytes.count else { throw fault(.cutOff(in: "'\(word)'")) }
      guard bytes[index] == byte else { throw fault(.noValue, at: begin) }
      index += 1
    }
    try expectWordsEnd(from: begin)
  }

  /// `12a` and `nullx` are neither a value nor two.
  private func expectWordsEnd(from begin: Int) throws(JSONFault) {
    guard index < bytes.count else { return }
    switch bytes[index] {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...:
      throw fault(.noValue, at: begin)
    default: return
    }
  }

  // MARK: - Places

  private mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0A, 0x0D: index += 1
      default: return
      }
    }
  }

  /// Goes to the next byte that is no white space, which there has to be in an object or array.
  private mutating func skipSpace(in what: String) throws(JSONFault) {
    skipSpace()
    if index == bytes.count { throw fault(.cutOff(in: what)) }
  }

  private var isComment: Bool {
    bytes[index] == UInt8(ascii: "#")
      || (bytes[index] == UInt8(ascii: "/") && index + 1 < bytes.count
        && [UInt8(ascii: "/"), UInt8(ascii: "*")].contains(bytes[index + 1]))
  }

  private func fault(_ kind: JSONFault.Kind, at offset: Int? = nil) -> JSONFault {
    JSONFault(kind, at: offset ?? index, in: bytes)
  }
}
