/// The bytes that end lines and fields, and what is looked for among them.
///
/// Spans instead of string views, because a search through `utf8` slices costs ten times as much.
extension Span<UInt8> {
  static var lineFeed: UInt8 { UInt8(ascii: "\n") }
  static var carriageReturn: UInt8 { UInt8(ascii: "\r") }

  /// Whether there is a CR or LF; without an early end, so that the compiler can use vectors.
  var hasLineBreak: Bool {
    var found: UInt8 = 0
    for index in indices {
      let byte = self[index]
      found |= (byte == Self.lineFeed ? 1 : 0) | (byte == Self.carriageReturn ? 1 : 0)
    }
    return found != 0
  }

  /// The place of the first CR or LF from `start` on.
  func lineBreak(from start: Int) -> Int? {
    for index in start..<count
    where self[index] == Self.lineFeed || self[index] == Self.carriageReturn {
      return index
    }
    return nil
  }

  /// The place of the first byte that equals `byte`.
  func first(_ byte: UInt8) -> Int? {
    for index in indices where self[index] == byte { return index }
    return nil
  }

  /// Whether these are the bytes of `text`.
  func equals(_ text: String) -> Bool {
    let other = text.utf8Span.span
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }

  /// Throws when a field of one line cannot have this value.
  ///
  /// CR and LF would end the line and let the rest in as fields of its own; NUL makes browsers
  /// ignore an id.
  func checkSingleLine(field: String) throws(EventStreamError) {
    for offset in indices {
      let byte = self[offset]
      if byte == 0 || byte == Self.lineFeed || byte == Self.carriageReturn {
        throw .forbiddenByte(name: field, byte: byte, offset: offset)
      }
    }
  }
}

extension OutputSpan<UInt8> {
  /// Appends all of `bytes`; there has to be room.
  @_lifetime(self: copy self)
  mutating func append(copying bytes: Span<UInt8>) {
    for index in bytes.indices { append(bytes[index]) }
  }
}
