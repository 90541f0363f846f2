/// What became of one event of a batch that was appended.
public enum AppendOutcome: Sendable {
  /// It is in the queue.
  case appended(Appended)
  /// It is not, and the others of its batch may be.
  case refused(QueueError)

  /// The sequence of an event that is in the queue.
  public var sequence: UInt64? {
    if case .appended(let appended) = self { appended.sequence } else { nil }
  }

  /// The event, where it is in the queue.
  ///
  /// - Throws: why it is not.
  public func get() throws(QueueError) -> Appended {
    switch self {
    case .appended(let appended): return appended
    case .refused(let error): throw error
    }
  }
}

/// An event that is in the queue.
public struct Appended: Hashable, Sendable {
  /// Its number.
  public let sequence: UInt64
  /// When it was published, in milliseconds since 1970.
  public let unixMilliseconds: Int64
  /// Whether it was there before: its key was used by an earlier publish, and nothing was queued.
  public let isReplayed: Bool

  init(sequence: UInt64, unixMilliseconds: Int64, isReplayed: Bool = false) {
    self.sequence = sequence
    self.unixMilliseconds = unixMilliseconds
    self.isReplayed = isReplayed
  }
}

extension [AppendOutcome] {
  /// The sequences of a batch, one behind the other; empty where an event was refused or there before.
  public var sequences: Range<UInt64> {
    guard let first = first?.sequence else { return 0..<0 }
    var next = first
    for outcome in self {
      guard case .appended(let appended) = outcome, appended.sequence == next else { return 0..<0 }
      next += 1
    }
    return first..<next
  }
}
