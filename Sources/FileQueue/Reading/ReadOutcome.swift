/// How a read ended.
public enum ReadOutcome: Hashable, Sendable {
  /// The cursor is at the durable end.
  case caughtUp
  /// There is more; the limit of this read was reached.
  case more
  /// The cursor was moved over events that are not there.
  case gap(QueueGap)
}
