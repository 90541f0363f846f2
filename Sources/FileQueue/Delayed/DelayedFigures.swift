/// How many events wait for their time, for people and for status pages.
public struct DelayedFigures: Hashable, Sendable {
  /// Events that wait, or are being published.
  public internal(set) var waitingCount = 0
  /// When the first of them is due, in milliseconds since 1970; nil where none waits.
  public internal(set) var nextDue: Int64?
  /// Events that were dropped since the last figures of the same process, because their topics had ended or their
  /// bytes were damaged.
  public internal(set) var droppedCount = 0

  init(waitingCount: Int = 0) { self.waitingCount = waitingCount }
}
