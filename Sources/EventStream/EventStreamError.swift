/// Why a text cannot be a field of an event stream, or a stream cannot be read.
public enum EventStreamError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The field has to have a value.
  case emptyField(name: String)
  /// The field's value is longer than its limit.
  case fieldTooLong(name: String, byteCount: Int, byteCountMaximum: Int)
  /// The field's value has a byte that would end its line or void it: CR, LF or NUL.
  case forbiddenByte(name: String, byte: UInt8, offset: Int)
  /// The event's type is one that only weir itself sends.
  case reservedType(prefix: String)
  /// A stream's event is larger than the parser's limit.
  case eventTooLarge(byteCountMaximum: Int)

  /// What is wrong, where, and what to do.
  public var description: String {
    switch self {
    case .emptyField(let name):
      "\(name) is empty: leave it out or give it a value"
    case .fieldTooLong(let name, let count, let limit):
      "\(name) has \(count) bytes; the limit is \(limit): shorten it"
    case .forbiddenByte(let name, let byte, let offset):
      "\(name) has \(Self.name(of: byte)) at byte \(offset): remove it; "
        + "CR, LF and NUL are not allowed there"
    case .reservedType(let prefix):
      "event begins with '\(prefix)', as weir's own events do: choose another name"
    case .eventTooLarge(let limit):
      "an event of the stream is larger than \(limit) bytes: "
        + "raise the parser's limit, or end the connection"
    }
  }

  private static func name(of byte: UInt8) -> String {
    switch byte {
    case 0: "NUL"
    case Span<UInt8>.lineFeed: "LF"
    case Span<UInt8>.carriageReturn: "CR"
    default: "the value \(byte)"
    }
  }
}
