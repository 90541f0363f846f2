/// Where the parts of a record lie in the bytes it was found in.
///
/// The record itself is described in <doc:Format>.
public struct RecordLayout: Hashable, Sendable {
  /// The event's number.
  public let sequence: UInt64
  /// When the event was published, in milliseconds since 1970.
  public let unixMilliseconds: Int64
  /// When the event stops being delivered, in milliseconds since 1970; `Int64.max` for never.
  public let expiresAt: Int64
  /// Where the head begins.
  public let start: Int
  /// The first topic, encoded as ``Topic/encoded``.
  public let topic: Range<Int>
  /// The attributes with the spaces before them; most records have none.
  public let attributes: Range<Int>
  /// The body: what goes on the wire.
  public let body: Range<Int>

  /// Head and body together, in bytes.
  public var byteCount: Int { body.upperBound - start }

  /// The same record in bytes that begin so much earlier.
  func moved(by offset: Int) -> RecordLayout {
    RecordLayout(
      sequence: sequence, unixMilliseconds: unixMilliseconds, expiresAt: expiresAt,
      start: start + offset, topic: topic.moved(by: offset),
      attributes: attributes.moved(by: offset), body: body.moved(by: offset))
  }
}

extension Range<Int> {
  fileprivate func moved(by offset: Int) -> Range<Int> {
    (lowerBound + offset)..<(upperBound + offset)
  }
}
