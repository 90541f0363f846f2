/// What was seen of a stream that was held.
package struct StreamSight: Equatable, Sendable {
  /// How it ended.
  package enum End: Equatable, Sendable {
    /// As an answer does that is whole.
    case whole(afterSeconds: Double)
    /// Broken off, in the words of who noticed.
    case cut(afterSeconds: Double, reason: String)

    /// How old the stream was.
    package var afterSeconds: Double {
      switch self {
      case .whole(let seconds), .cut(let seconds, _): seconds
      }
    }
  }

  /// Its head, and all of its text that has come.
  package var opening: Attempt
  /// When its first block was whole, in seconds since it was asked for; nil where it never was.
  package var beganAfterSeconds: Double?
  /// When something came after that, likewise.
  package var arrivals: [Double]
  /// How it ended; nil where it was let go.
  package var end: End?
  /// How long it was held.
  package var heldSeconds: Double

  package init(
    opening: Attempt, beganAfterSeconds: Double? = nil, arrivals: [Double] = [], end: End? = nil,
    heldSeconds: Double = 0
  ) {
    self.opening = opening
    self.beganAfterSeconds = beganAfterSeconds
    self.arrivals = arrivals
    self.end = end
    self.heldSeconds = heldSeconds
  }

  /// Its head, where it is a stream.
  package var reply: Reply? { opening.reply }

  /// Why it ended at once, where it did: what its comment says.
  ///
  /// So do nginx, while weir does not answer or a limit
  /// is reached, and weir over a limit of its own.
  package var turnedAway: String? {
    guard case .whole? = end, let reply, reply.isEventStream else { return nil }
    let comment = reply.body.split(separator: "\n").first { $0.hasPrefix(": ") }
    return comment.map { String($0.dropFirst(2)) } ?? "the stream is empty"
  }

  /// Whether weir itself streams.
  package var isServed: Bool { reply?.isEventStream == true && turnedAway == nil }
}
