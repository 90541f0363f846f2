import EventStream
import FastCGI

/// How every stream begins.
enum StreamOpening {
  /// The headers that make it a stream that nobody on the way holds back or keeps.
  static let headers: [(name: String, value: String)] = [
    (name: "Content-Type", value: "text/event-stream"),
    (name: "Cache-Control", value: "no-store"),
    (name: "X-Accel-Buffering", value: "no"),
  ]

  /// The response head and the `retry:` line, as records.
  ///
  /// No blank line follows `retry:`: it belongs to the block of the first event, because several
  /// clients hand a block of its own to the application as an empty event.
  static func bytes(
    headers: [(name: String, value: String)], retryMilliseconds: Int, requestID: UInt16
  ) -> [UInt8] {
    var content = Response(status: 200, headers: headers, body: []).rendered
    EventStreamWriter.appendRetry(
      milliseconds: Int.random(in: retryMilliseconds...(retryMilliseconds * 3 / 2)), to: &content)
    var frame = OutputFrame(requestID: requestID)
    frame.append(content)
    return frame.finish()
  }
}
