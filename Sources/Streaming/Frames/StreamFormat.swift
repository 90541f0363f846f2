/// How a stream says its events.
package enum StreamFormat: Hashable, Sendable {
  /// `text/event-stream`.
  case eventStream
  /// A JSON object a line.
  case lines
  /// One JSON object with a bounded number of events, and where to go on.
  case page

  /// What breaks a silence: a comment, or a space before the next value, which is nothing to who reads JSON and no
  /// line to who reads lines.
  var heartbeat: [UInt8] {
    self == .eventStream ? Array(":\n".utf8) : [UInt8(ascii: " ")]
  }
}
