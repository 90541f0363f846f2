/// The status line and those fields of an HTTP/1.1 response that decide how to go on.
struct ResponseHead {
  /// The status code.
  private(set) var status = 0
  /// Bytes of the head, its empty line among them.
  private(set) var byteCount = 0
  /// The body's length where the head tells it.
  private(set) var contentLength: Int?
  /// Whether the body is in chunks.
  private(set) var isChunked = false
  /// Whether the connection ends after this response.
  private(set) var isLast = false

  /// The head at the start of `bytes`; nil while it is not complete.
  init?(_ bytes: Span<UInt8>) {
    var lineStart = 0
    for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
      let lineEnd = index > 0 && bytes[index - 1] == UInt8(ascii: "\r") ? index - 1 : index
      if lineStart >= lineEnd {
        byteCount = index + 1
        return
      }
      readLine(bytes, lineStart..<lineEnd, isFirst: lineStart == 0)
      lineStart = index + 1
    }
    return nil
  }

  private mutating func readLine(_ bytes: Span<UInt8>, _ line: Range<Int>, isFirst: Bool) {
    if isFirst {
      // "HTTP/1.1 200 OK"
      status = bytes.decimal(in: min(line.lowerBound + 9, line.upperBound)..<line.upperBound) ?? 0
    } else if let value = bytes.rest(of: line, after: "content-length:") {
      contentLength = bytes.decimal(in: value)
    } else if let value = bytes.rest(of: line, after: "transfer-encoding:") {
      isChunked = bytes.rest(of: value, after: "chunked") != nil
    } else if let value = bytes.rest(of: line, after: "connection:") {
      isLast = bytes.rest(of: value, after: "close") != nil
    }
  }
}
