/// Reads text/event-stream as WHATWG HTML, section 9.2.6, says, from pieces cut anywhere.
///
/// A value for one stream: whoever owns it feeds it, on any one thread at a time. What it makes of
/// the bytes does not depend on where they were cut. The event that the end of a stream cuts off is
/// discarded by not feeding on: it has moved neither ``lastEventID`` nor been dispatched.
public struct EventStreamParser: Sendable {
  /// The limit of a parser that is given none: 16 MiB, well above what a hub takes.
  public static let eventByteCountMaximumDefault = 16 << 20

  /// The most bytes that an event may hold: its data so far and the line that is being read.
  ///
  /// Comments and blocks that have ended do not add up, so a stream may live forever.
  public let eventByteCountMaximum: Int

  /// The id that a browser would resume behind: of the last block that ended; empty for none.
  public private(set) var lastEventID = ""

  /// How long the stream told to wait before reconnecting; nil when it did not say.
  ///
  /// Holds from its line on, before the block ends. Values that are not ASCII digits alone, or too
  /// large for `Int`, are ignored.
  public var retryMilliseconds: Int? { block.retryMilliseconds }

  private enum Place: Sendable {
    /// No line has ended yet: the first may start with a byte order mark.
    case firstLine
    /// The last byte was the CR of a line: an LF now belongs to it.
    case afterCarriageReturn
    case elsewhere
  }

  private var place = Place.firstLine
  private var line: [UInt8] = []
  private var block = EventBlock()

  /// A parser at the start of a stream.
  public init(eventByteCountMaximum: Int = Self.eventByteCountMaximumDefault) {
    precondition(eventByteCountMaximum > 0, "an event needs at least one byte")
    self.eventByteCountMaximum = eventByteCountMaximum
  }

  /// Takes the next bytes of the stream, and calls `body` with each event that they complete.
  ///
  /// Bytes that are not UTF-8 become U+FFFD. When this throws, the rest of the bytes has not been
  /// read: the stream cannot be fed on.
  ///
  /// - Throws: ``EventStreamError/eventTooLarge(byteCountMaximum:)``, and what `body` throws.
  public mutating func feed(
    _ bytes: Span<UInt8>, _ body: (ParsedEvent) throws -> Void
  ) throws {
    var start = 0
    while start < bytes.count {
      if place == .afterCarriageReturn {
        place = .elsewhere
        if bytes[start] == Span<UInt8>.lineFeed {
          start += 1
          continue
        }
      }
      let end = bytes.lineBreak(from: start)
      let piece = bytes.extracting(start..<(end ?? bytes.count))
      guard block.data.count + line.count + piece.count <= eventByteCountMaximum else {
        throw EventStreamError.eventTooLarge(byteCountMaximum: eventByteCountMaximum)
      }
      guard let end else {
        hold(piece)
        return
      }
      let event = endLine(with: piece)
      place = bytes[end] == Span<UInt8>.carriageReturn ? .afterCarriageReturn : .elsewhere
      start = end + 1
      if let event { try body(event) }
    }
  }

  /// Takes the next bytes of the stream, as ``feed(_:_:)`` does with a span.
  ///
  /// - Throws: ``EventStreamError/eventTooLarge(byteCountMaximum:)``, and what `body` throws.
  public mutating func feed(
    _ bytes: [UInt8], _ body: (ParsedEvent) throws -> Void
  ) throws {
    try feed(bytes.span, body)
  }

  private mutating func hold(_ piece: Span<UInt8>) {
    line.append(addingCapacity: piece.count) { $0.append(copying: piece) }
  }

  private mutating func endLine(with piece: Span<UInt8>) -> ParsedEvent? {
    if line.isEmpty { return read(piece) }
    hold(piece)
    var whole: [UInt8] = []
    swap(&whole, &line)
    let event = read(whole.span)
    whole.removeAll(keepingCapacity: true)
    swap(&whole, &line)
    return event
  }

  private mutating func read(_ line: Span<UInt8>) -> ParsedEvent? {
    let mark = place == .firstLine ? Self.byteOrderMarkByteCount(line) : 0
    let line = line.extracting(mark..<line.count)
    if line.isEmpty {
      lastEventID = block.id
      return block.end()
    }
    block.read(line)
    return nil
  }

  private static func byteOrderMarkByteCount(_ line: Span<UInt8>) -> Int {
    line.count >= 3 && line.extracting(0..<3).equals("\u{FEFF}") ? 3 : 0
  }
}
