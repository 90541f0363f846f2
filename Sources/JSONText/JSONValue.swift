/// A value in a JSON text that was checked: what it is, and where.
///
/// Its bytes are read from the text that it was found in; another one gives nonsense, or traps.
public struct JSONValue: Hashable, Sendable {
  /// What a value is (RFC 8259, section 3).
  public enum Kind: Hashable, Sendable { case string, number, object, array, boolean, null }

  /// What it is.
  public let kind: Kind
  /// Where it stands, its quotes or brackets included.
  public let range: Range<Int>

  /// The text of a string, without escapes; nil where it is none.
  public func string(in bytes: [UInt8]) -> String? {
    guard kind == .string else { return nil }
    var scanner = JSONScanner(bytes, at: range.lowerBound)
    return (try? scanner.string(keepsText: true)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The value of a number that is a whole one and an `Int`, however it is written: `60`, `6e1`, `60.0`;
  /// nil where it is none.
  public func wholeNumber(in bytes: [UInt8]) -> Int? {
    guard kind == .number else { return nil }
    let text = text(in: bytes)
    return Int(text) ?? Double(text).flatMap { Int(exactly: $0) }
  }

  /// The values of an array; nil where it is none.
  public func elements(in bytes: [UInt8]) -> [JSONValue]? {
    guard kind == .array else { return nil }
    var scanner = JSONScanner(bytes, at: range.lowerBound)
    _ = try? scanner.value()
    return scanner.elements
  }

  /// The members of an object, in their order; nil where it is none.
  public func members(in bytes: [UInt8]) -> [JSONMember]? {
    guard kind == .object else { return nil }
    var scanner = JSONScanner(bytes, at: range.lowerBound)
    _ = try? scanner.value()
    return scanner.members
  }

  /// As it was written.
  public func text(in bytes: [UInt8]) -> String {
    String(decoding: bytes[range], as: UTF8.self)
  }

  /// As it was written, without white space outside of strings: numbers to the digit, members in their
  /// order, escapes as they are.
  public func compactText(in bytes: [UInt8]) -> String {
    var compact: [UInt8] = []
    compact.reserveCapacity(range.count)
    var isInString = false
    var isEscaped = false
    for byte in bytes[range] {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
      } else {
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: continue
        case UInt8(ascii: "\""): isInString = true
        default: break
        }
      }
      compact.append(byte)
    }
    return String(decoding: compact, as: UTF8.self)
  }
}
