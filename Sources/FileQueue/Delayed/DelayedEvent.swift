/// An event that is to be published later.
public struct DelayedEvent: Sendable {
  /// What is published.
  public let event: PendingEvent
  /// How long it is delivered, from when it is published; nil for as long as it is there.
  public let timeToLive: TimeToLive?
  /// When it is published.
  public let delay: Delay

  /// - Parameters:
  ///   - event: what is published; made without a time at which it expires.
  ///   - timeToLive: how long it is delivered, from when it is published.
  public init(_ event: PendingEvent, timeToLive: TimeToLive? = nil, delay: Delay) {
    self.event = event
    self.timeToLive = timeToLive
    self.delay = delay
  }
}

/// An event that has been taken in, and waits on disk for its time.
public struct DelayedReceipt: Hashable, Sendable {
  /// What names it while it waits.
  public let id: DelayedID
  /// When it is published, in milliseconds since 1970.
  public let due: Int64
  /// Whether it was there before: an event that waits has the same key, and nothing was taken in.
  public let isReplayed: Bool
}

/// What became of an event that was handed over to be published later.
public enum DelayedOutcome: Hashable, Sendable {
  /// It waits for its time.
  case waits(DelayedReceipt)
  /// It is in the queue, as its key tells, and does not wait.
  case isPublished(Appended)
}

/// What became of the wish that an event be not published.
public enum DelayedCancellation: Hashable, Sendable {
  /// It is not.
  case cancelled
  /// It is being published at this moment.
  case tooLate
  /// No such event waits: it was published or cancelled before, or never was.
  case unknown
}
