import EventStream
import FastCGI
import FileQueue

/// How every stream begins.
enum StreamOpening {
  /// The headers that make it a stream that nobody on the way holds back or keeps.
  static func headers(_ type: StreamType) -> [(name: String, value: String)] {
    [
      (name: "Content-Type", value: type.name), (name: "Cache-Control", value: "no-store"),
      (name: "X-Accel-Buffering", value: "no"),
    ]
  }

  /// The response head and what comes before the first event, as records: in an event stream the `retry:` line.
  ///
  /// No blank line follows `retry:`: it belongs to the block of the id, or of the first event, because
  /// several clients hand a block of its own to the application as an empty event.
  static func bytes(
    _ type: StreamType, headers: [(name: String, value: String)], retryMilliseconds: Int,
    requestID: UInt16
  ) -> [UInt8] {
    var content = Response(status: 200, headers: headers, body: []).rendered
    if type.format == .eventStream {
      EventStreamWriter.appendRetry(milliseconds: jittered(retryMilliseconds), to: &content)
    }
    var frame = OutputFrame(requestID: requestID)
    frame.append(content)
    return frame.finish()
  }

  /// What one gets for whom nothing will ever come: a browser stays away then.
  static let over = Response(
    status: 204, headers: [(name: "Cache-Control", value: "no-store")], body: [])

  /// A whole answer, as records.
  static func records(_ response: Response, requestID: UInt16) -> [UInt8] {
    var frame = OutputFrame(requestID: requestID)
    frame.append(response.rendered)
    return frame.finish()
  }

  /// What one gets who is to come back later: a browser gives up for good on any status but 200, so
  /// this is a stream, which says why in a comment and ends.
  ///
  /// - Parameter id: where it is to go on, for one that has no id.
  static func later(
    _ reason: String, headers: [(name: String, value: String)], retryMilliseconds: Int,
    id: EventID?
  ) -> Response {
    var content: [UInt8] = []
    EventStreamWriter.appendComment(reason, to: &content)
    EventStreamWriter.appendRetry(milliseconds: retryMilliseconds, to: &content)
    if let id { content += Array("id: \(id)\n\n".utf8) }
    // For who reads heads, the web server's log among them.
    let seconds = (retryMilliseconds + 999) / 1000
    return Response(
      status: 200, headers: headers + [(name: "Retry-After", value: "\(seconds)")], body: content)
  }

  /// A wait of its own for each stream, up to half as long again, so that not all come back at once.
  static func jittered(_ retryMilliseconds: Int) -> Int {
    Int.random(in: retryMilliseconds...(retryMilliseconds * 3 / 2))
  }
}
