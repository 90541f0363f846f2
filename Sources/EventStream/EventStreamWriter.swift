/// Renders the text/event-stream grammar (WHATWG HTML, section 9.2.5) at the end of byte arrays.
public enum EventStreamWriter {
  /// Appends the lines of `event:`, `retry:` and `data:`, but neither `id:` nor the blank line.
  ///
  /// Data is split at CR, LF and CRLF, as a parser ends lines; empty data still has a line, without
  /// which the event would not be dispatched.
  public static func appendFields(of event: Event, to bytes: inout [UInt8]) {
    if let type = event.type {
      bytes.append(contentsOf: "event: ".utf8)
      bytes.append(contentsOf: type.text.utf8)
      bytes.append(lineFeed)
    }
    if let retry = event.retryMilliseconds { appendRetry(milliseconds: retry, to: &bytes) }
    appendLines(of: event.data, after: "data: ", to: &bytes)
  }

  /// Appends an `id:` line.
  ///
  /// - Throws: ``EventStreamError/forbiddenByte(name:byte:offset:)`` for CR, LF and NUL.
  public static func appendID(_ id: String, to bytes: inout [UInt8]) throws(EventStreamError) {
    try EventStreamError.checkLine(id, field: "id")
    bytes.append(contentsOf: "id: ".utf8)
    bytes.append(contentsOf: id.utf8)
    bytes.append(lineFeed)
  }

  /// Appends a `retry:` line.
  ///
  /// - Parameter milliseconds: not negative.
  public static func appendRetry(milliseconds: Int, to bytes: inout [UInt8]) {
    precondition(milliseconds >= 0, "a browser cannot wait for less than no time")
    bytes.append(contentsOf: "retry: \(milliseconds)\n".utf8)
  }

  /// Appends a comment, which browsers ignore: a line of its own for each line of `text`.
  public static func appendComment(_ text: String, to bytes: inout [UInt8]) {
    if text.isEmpty {
      bytes.append(contentsOf: ":\n".utf8)
    } else {
      appendLines(of: text, after: ": ", to: &bytes)
    }
  }

  /// Appends the blank line that ends an event.
  public static func appendEnd(to bytes: inout [UInt8]) {
    bytes.append(lineFeed)
  }

  /// Appends a whole event.
  ///
  /// The id comes last: some clients take over the id of an event that the end of a connection cut
  /// in two, and with the id last they lose nothing by it.
  ///
  /// - Throws: ``EventStreamError/forbiddenByte(name:byte:offset:)`` for an id with CR, LF or NUL;
  ///   nothing is appended then.
  public static func append(
    _ event: Event, to bytes: inout [UInt8]
  ) throws(EventStreamError) {
    if let id = event.id { try EventStreamError.checkLine(id, field: "id") }
    appendFields(of: event, to: &bytes)
    if let id = event.id { try appendID(id, to: &bytes) }
    appendEnd(to: &bytes)
  }

  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  private static func appendLines(
    of text: String, after prefix: String, to bytes: inout [UInt8]
  ) {
    let prefix = prefix.utf8
    let utf8 = text.utf8
    var start = utf8.startIndex
    while true {
      let end = utf8[start...].firstIndex { $0 == lineFeed || $0 == carriageReturn }
      bytes.append(contentsOf: prefix)
      bytes.append(contentsOf: utf8[start..<(end ?? utf8.endIndex)])
      bytes.append(lineFeed)
      guard let end else { return }
      start = utf8.index(after: end)
      if utf8[end] == carriageReturn, start < utf8.endIndex, utf8[start] == lineFeed {
        start = utf8.index(after: start)
      }
    }
  }
}
