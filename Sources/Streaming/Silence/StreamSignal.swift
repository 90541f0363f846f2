/// What a stream says about itself where that is asked for, in events of weir's own.
package enum StreamSignal: String, CaseIterable, Sendable {
  /// `weir.live`, once: the past has been told, and what comes is now.
  case live
  /// `weir.heartbeat` on a silent stream, in the place of a comment.
  case heartbeat
}
