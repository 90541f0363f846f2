import FileQueue
import Kernel

/// What subscribers who are behind were sent lately, by audience and place.
///
/// After a restart thousands come back to the same place: what one is sent is read and rendered once.
struct ReplayTurns {
  /// What one turn sends, and where it ends.
  struct Turn {
    /// Nil where no event is wanted up to `next`.
    let frame: Frame?
    let next: Subscriber.Place
    /// The last event in the frame.
    let lastSequence: UInt64?
    /// Events with a `retry:` line; nobody may be sent it of whose past they are.
    let retries: Retries
    /// Kept, so that no other audience gets its identity meanwhile.
    fileprivate let audience: Audience
    fileprivate let madeAt: Int64

    init(
      of audience: Audience, frame: Frame?, next: Subscriber.Place, lastSequence: UInt64?,
      retries: Retries = Retries(), now: Int64
    ) {
      self.audience = audience
      self.frame = frame
      self.next = next
      self.lastSequence = lastSequence
      self.retries = retries
      madeAt = now
    }

    /// The event before which one is behind the turn.
    var end: UInt64 {
      switch next {
      case .event(let cursor): cursor.sequence
      case .inside(let body, _): body.next.sequence
      // Members of groups share no turns.
      case .assigned: 0
      }
    }

    /// Whether a subscriber before the event `sequence` gets on by it.
    func isOn(from sequence: UInt64) -> Bool {
      if case .event(let cursor) = next { cursor.sequence > sequence } else { true }
    }
  }

  /// The `retry:` lines of a turn's events: sent, or left out because they are told to browsers of now, not
  /// to one that comes later.
  struct Retries {
    private var firstSent = UInt64.max
    private var lastLeftOut: UInt64 = 0

    /// Whether the line of an event is sent to one who gets what is published from `joinsAt` on.
    mutating func isSent(of sequence: UInt64, joinsAt: UInt64) -> Bool {
      if sequence < joinsAt {
        lastLeftOut = max(lastLeftOut, sequence)
        return false
      }
      firstSent = min(firstSent, sequence)
      return true
    }

    /// Whether the turn is also right for another one.
    func fit(joinsAt: UInt64) -> Bool { lastLeftOut < joinsAt && joinsAt <= firstSent }
  }

  private struct Key: Hashable {
    let audience: ObjectIdentifier
    let sequence: UInt64
  }

  private var turns: [Key: Turn] = [:]
  /// The oldest first.
  private var order: [Key] = []

  /// The turn of an audience's subscriber that is before the event `sequence`, if it is known and nothing
  /// in it has expired meanwhile.
  ///
  /// - Parameters:
  ///   - end: the event before which the turn has to end.
  ///   - joinsAt: the first event that is not of the subscriber's past.
  ///   - now: monotonic nanoseconds.
  ///   - unixNow: milliseconds since 1970.
  func turn(
    of audience: Audience, from sequence: UInt64, upTo end: UInt64 = .max, joinsAt: UInt64,
    now: Int64, _ unixNow: () -> Int64
  ) -> Turn? {
    guard let turn = turns[Key(audience: ObjectIdentifier(audience), sequence: sequence)],
      now - turn.madeAt <= StreamLimits.replayTurnAgeMaximum.wholeNanoseconds,
      turn.end <= end, turn.retries.fit(joinsAt: joinsAt), turn.frame?.hasExpired(unixNow) != true
    else { return nil }
    return turn
  }

  /// Remembers a turn.
  mutating func note(_ turn: Turn, from sequence: UInt64) {
    if order.count == StreamLimits.replayTurnCountMaximum {
      for key in order[..<(order.count / 2)] { turns.removeValue(forKey: key) }
      order.removeFirst(order.count / 2)
    }
    let key = Key(audience: ObjectIdentifier(turn.audience), sequence: sequence)
    if turns.updateValue(turn, forKey: key) == nil { order.append(key) }
  }

  /// Forgets all; called when nobody is behind any more, so that no memory is held.
  mutating func removeAll() {
    if order.isEmpty { return }
    turns = [:]
    order = []
  }
}
