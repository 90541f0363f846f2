/// A place between two events of a queue, and where the text goes on from there: a cursor's value.
public struct QueuePosition: Hashable, Sendable {
  /// The sequence of the next event.
  public internal(set) var sequence: UInt64
  var segment: SegmentName
  var offset: Int
}

/// Events that should be there and are not.
public struct QueueGap: Hashable, Sendable {
  /// Why they are not there.
  public enum Reason: String, Sendable {
    /// Retention has removed them.
    case expired
    /// Their bytes are damaged.
    case damaged
  }

  /// The sequences that are missing.
  public let missing: Range<UInt64>
  /// Why.
  public let reason: Reason
}

/// How a read ended.
public enum ReadOutcome: Hashable, Sendable {
  /// The position is at the durable end.
  case caughtUp
  /// There is more; the limit of this read was reached.
  case more
  /// The position was moved over events that are not there.
  case gap(QueueGap)
}
