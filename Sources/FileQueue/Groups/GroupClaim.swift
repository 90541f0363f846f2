/// An event, or news of missing ones, that a group has taken up and is not done with.
struct GroupClaim: Hashable, Sendable {
  /// Where it stands.
  enum State: UInt8, Sendable {
    /// To be given to the next member that can take it.
    case waiting
    /// A member is to be sent it; nobody knows yet that it has it as a whole.
    case assigned
    /// A member has it as a whole, and is to acknowledge it.
    case given
  }

  /// What is given.
  enum Content: Hashable, Sendable {
    case event
    /// News that the events from this one up to the claim's own are missing.
    case gap(from: UInt64, QueueGap.Reason)
  }

  let sequence: UInt64
  let content: Content
  /// What it counts as, of what a member is sent.
  let byteCount: UInt32
  var state: State
  /// Whom it is assigned or given to; 0 where it waits.
  var member: UInt32 = 0
  /// The turn in which it was assigned; each assignment of the group has a higher one.
  var turn: UInt64 = 0
  /// When it is to be given again where it is not acknowledged, in monotonic nanoseconds; `Int64.max` for
  /// never.
  var deadline = Int64.max
  /// How often it was given before to somebody who may have got it.
  var redeliveryCount: UInt16 = 0

  /// Nobody has it any more.
  mutating func putBack(mayBeDelivered: Bool) {
    state = .waiting
    member = 0
    deadline = .max
    if mayBeDelivered, redeliveryCount < .max { redeliveryCount += 1 }
  }
}

/// A subscriber of a group.
struct GroupMember: Hashable, Sendable {
  /// Its number; none is given twice.
  let number: UInt32
  /// The worker that serves it.
  let seat: UInt16
  /// Events that it may have without having acknowledged them.
  let credit: UInt16
  /// Its last turn, or when it came.
  var lastTurn: UInt64
}
