/// Renders the text/event-stream grammar (WHATWG HTML, section 9.2.5) at the end of byte arrays.
///
/// Pure functions for any thread. They append only, and allocate only where the array grows; what
/// throws has appended nothing.
public enum EventStreamWriter {
  /// Appends the lines of `event:`, `retry:` and `data:`, but neither `id:` nor the blank line.
  ///
  /// Data is split at CR, LF and CRLF, as a parser ends lines; empty data still has a line, without
  /// which the event would not be dispatched. A negative `retryMilliseconds` traps.
  public static func appendFields(of event: Event, to bytes: inout [UInt8]) {
    if let type = event.type { appendLine("event: ", type.text.utf8Span.span, to: &bytes) }
    if let retry = event.retryMilliseconds { appendRetry(milliseconds: retry, to: &bytes) }
    appendLines("data: ", event.data.utf8Span.span, to: &bytes)
  }

  /// Where the name of an event stands in lines that ``appendFields(of:to:)`` has written; nil where it has
  /// none.
  @inline(__always)
  public static func name(in fields: Span<UInt8>) -> Range<Int>? {
    let start = "event: ".utf8.count
    // No other line begins with this letter.
    guard fields.count > start, fields[0] == UInt8(ascii: "e") else { return nil }
    return fields.lineBreak(from: start).map { start..<$0 }
  }

  /// Where the id stands in a whole event, whose last line it is.
  public static func id(in event: Span<UInt8>) -> Range<Int> {
    let end = max(0, event.count - 2)
    var start = end
    while start > 0, event[start - 1] != UInt8(ascii: " ") { start -= 1 }
    return start..<end
  }

  /// Where the `retry:` line lies, with its end, in lines that ``appendFields(of:to:)`` has written; nil
  /// where there is none.
  ///
  /// Looks at the first bytes, and at those behind the `event:` line.
  public static func retryLine(in fields: Span<UInt8>) -> Range<Int>? {
    let name = "retry: ".utf8Span.span
    var start = 0
    if fields.count > 0, fields[0] == UInt8(ascii: "e") {
      guard let end = fields.lineBreak(from: 0) else { return nil }
      start = end + 1
    }
    guard start + name.count <= fields.count else { return nil }
    for index in name.indices where fields[start + index] != name[index] { return nil }
    return fields.lineBreak(from: start).map { start..<($0 + 1) }
  }

  /// Appends an `id:` line; an empty id tells the browser to forget the one before.
  ///
  /// - Throws: ``EventStreamError/forbiddenByte(name:byte:offset:)`` for CR, LF and NUL.
  public static func appendID(_ id: String, to bytes: inout [UInt8]) throws(EventStreamError) {
    let value = id.utf8Span.span
    try value.checkSingleLine(field: "id")
    appendLine("id: ", value, to: &bytes)
  }

  /// Appends a comment, which browsers ignore: a line of its own for each line of `text`.
  ///
  /// Empty text gives `:`, the shortest sign of life.
  public static func appendComment(_ text: String, to bytes: inout [UInt8]) {
    if text.isEmpty {
      appendLine(":", text.utf8Span.span, to: &bytes)
    } else {
      appendLines(": ", text.utf8Span.span, to: &bytes)
    }
  }

  /// Appends a `retry:` line.
  ///
  /// - Parameter milliseconds: 0 or more; a negative number traps, as parsers would not take it.
  public static func appendRetry(milliseconds: Int, to bytes: inout [UInt8]) {
    precondition(milliseconds >= 0, "retry is \(milliseconds) ms; it must be 0 or more")
    let name = "retry: ".utf8Span.span
    bytes.append(addingCapacity: name.count) { $0.append(copying: name) }
    appendDecimal(milliseconds, to: &bytes)
    bytes.append(Span<UInt8>.lineFeed)
  }

  /// Appends the blank line that ends an event.
  public static func appendEnd(to bytes: inout [UInt8]) {
    bytes.append(Span<UInt8>.lineFeed)
  }

  /// Appends a whole event: its fields, the id last, and the blank line.
  ///
  /// The id comes last because some clients take over the id of an event that the end of a
  /// connection cut in two: with the id last they lose nothing by it.
  ///
  /// - Throws: ``EventStreamError/forbiddenByte(name:byte:offset:)`` for an id with CR, LF or NUL.
  public static func append(_ event: Event, to bytes: inout [UInt8]) throws(EventStreamError) {
    try event.id?.utf8Span.span.checkSingleLine(field: "id")
    appendFields(of: event, to: &bytes)
    if let id = event.id { appendLine("id: ", id.utf8Span.span, to: &bytes) }
    appendEnd(to: &bytes)
  }

  /// One line of `name` and `value`, or more when `value` has line breaks.
  private static func appendLines(
    _ name: String, _ value: Span<UInt8>, to bytes: inout [UInt8]
  ) {
    var start = 0
    if value.hasLineBreak {
      while let end = value.lineBreak(from: start) {
        appendLine(name, value.extracting(start..<end), to: &bytes)
        start = end + 1
        if value[end] == Span<UInt8>.carriageReturn, start < value.count,
          value[start] == Span<UInt8>.lineFeed
        {
          start += 1
        }
      }
    }
    appendLine(name, value.extracting(start..<value.count), to: &bytes)
  }

  private static func appendLine(
    _ name: String, _ value: Span<UInt8>, to bytes: inout [UInt8]
  ) {
    let name = name.utf8Span.span
    bytes.append(addingCapacity: name.count + value.count + 1) { line in
      line.append(copying: name)
      line.append(copying: value)
      line.append(Span<UInt8>.lineFeed)
    }
  }

  /// The digits of `number`, without the string that an interpolation would make.
  private static func appendDecimal(_ number: Int, to bytes: inout [UInt8]) {
    if number >= 10 { appendDecimal(number / 10, to: &bytes) }
    bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
  }
}
