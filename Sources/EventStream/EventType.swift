/// A name for the `event:` field of an event that is published: 1 to 255 bytes of UTF-8 without CR, LF and
/// NUL, of which none begins with `weir.`, as the names of weir's own events do.
///
/// A value that has been checked once: whoever holds one cannot smuggle a line into a stream.
public struct EventType: Sendable, Hashable, CustomStringConvertible {
  /// The longest name, in bytes of UTF-8.
  public static let byteCountMaximum = 255

  /// How the names of weir's own events begin: a page takes them for weir's word.
  public static let ownPrefix = "weir."

  /// The name.
  public let text: String

  /// Checks `text`.
  ///
  /// - Throws: ``EventStreamError``, with the place of the first byte that is not allowed.
  public init(_ text: String) throws(EventStreamError) {
    guard !text.isEmpty else { throw .emptyField(name: "event") }
    let count = text.utf8.count
    guard count <= Self.byteCountMaximum else {
      throw .fieldTooLong(
        name: "event", byteCount: count, byteCountMaximum: Self.byteCountMaximum)
    }
    try text.utf8Span.span.checkSingleLine(field: "event")
    guard !text.utf8.starts(with: Self.ownPrefix.utf8) else {
      throw .reservedType(prefix: Self.ownPrefix)
    }
    self.text = text
  }

  /// The name.
  public var description: String { text }
}
