/// Why bytes are no JSON text, and where.
public struct JSONFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Kind: Hashable, Sendable {
    /// Nothing, or only white space.
    case empty
    /// It is compressed; by what.
    case compressed(String)
    /// It is UTF-16 or UTF-32.
    case otherUnicode
    case byteOrderMark
    case invalidUTF8
    /// A byte that has to be escaped in a string: below 0x20.
    case controlInString(UInt8)
    /// `\u` with half of a surrogate pair.
    case loneSurrogate
    /// A backslash with something behind it that is no escape.
    case unknownEscape
    /// Single quotes instead of double ones.
    case singleQuotes
    /// A comma with no value behind it.
    case trailingComma
    /// More behind the text's end.
    case trailingText
    /// The text ends before what was begun in it: a string, an array, an object.
    case cutOff(in: String)
    case tooDeep
    /// An object has two members of this name.
    case duplicateName(String)
    /// A comment.
    case comment
    /// Something else than what has to stand there.
    case unexpected(byte: UInt8, expected: String)
    /// A number as JSON does not write it, or a word that is no value.
    case noValue
  }

  /// What is wrong.
  public let kind: Kind
  /// Where, in bytes from the begin.
  public let offset: Int
  /// The line of it, from 1.
  public let line: Int
  /// The byte in its line, from 1.
  public let column: Int
  private let hasLines: Bool

  init(_ kind: Kind, at offset: Int, in bytes: [UInt8]) {
    self.kind = kind
    self.offset = offset
    let newline = UInt8(ascii: "\n")
    let before = bytes.prefix(offset)
    line = before.count { $0 == newline } + 1
    column = offset - (before.lastIndex(of: newline).map { $0 + 1 } ?? 0) + 1
    // A newline at the very end makes no second line.
    hasLines = bytes.dropLast().contains(newline)
  }

  /// The place: `byte 14`, or with lines, `byte 14 (line 2, column 3)`.
  public var place: String {
    hasLines ? "byte \(offset) (line \(line), column \(column))" : "byte \(offset)"
  }

  /// What is wrong, where, and what to do.
  public var description: String {
    switch kind {
    case .empty: "it is empty"
    case .compressed(let name): "it is compressed (\(name)): send it as it is"
    case .otherUnicode: "it is not UTF-8 but UTF-16 or UTF-32: send it in UTF-8"
    case .byteOrderMark: "it begins with a byte order mark: leave that out"
    case .invalidUTF8: "what stands at \(place) is not UTF-8: send it in UTF-8"
    case .controlInString(let byte):
      "\(Self.name(ofControl: byte)) stands in a string at \(place): write it as "
        + Self.escape(ofControl: byte)
    case .loneSurrogate:
      "half of a surrogate pair stands at \(place): write both halves, or the character itself"
    case .unknownEscape:
      "a backslash stands at \(place) with no escape behind it: write \\\\ for a backslash"
    case .singleQuotes: "a single quote stands at \(place): JSON has double quotes"
    case .trailingComma: "a comma stands at \(place) with nothing behind it: leave it out"
    case .trailingText: "there is more at \(place), behind its end: send one value"
    case .cutOff(let what): "it ends in the middle of \(what), at \(place): send all of it"
    case .tooDeep:
      "it lies deeper than \(JSONText.depthMaximum) values in one another at \(place)"
    case .duplicateName(let name): "'\(name)' stands there twice, again at \(place): write it once"
    case .comment: "a comment stands at \(place): JSON has none"
    case .unexpected(let byte, let expected):
      "\(Self.name(of: byte)) stands at \(place) instead of \(expected)"
    case .noValue: "what stands at \(place) is no number, true, false, null or text in quotes"
    }
  }

  private static func name(ofControl byte: UInt8) -> String {
    switch byte {
    case 0: "a NUL byte"
    case UInt8(ascii: "\n"): "a raw newline"
    case UInt8(ascii: "\r"): "a raw carriage return"
    case UInt8(ascii: "\t"): "a raw tab"
    default: "the control character 0x\(hexadecimal(byte))"
    }
  }

  private static func escape(ofControl byte: UInt8) -> String {
    switch byte {
    case UInt8(ascii: "\n"): "\\n"
    case UInt8(ascii: "\r"): "\\r"
    case UInt8(ascii: "\t"): "\\t"
    default: "\\u00\(hexadecimal(byte))"
    }
  }

  private static func name(of byte: UInt8) -> String {
    (0x21...0x7E).contains(byte)
      ? "'\(Unicode.Scalar(byte))'"
      : byte < 0x20 ? name(ofControl: byte) : "the byte 0x\(hexadecimal(byte))"
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
