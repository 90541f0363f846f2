/// What a queue remembers of a topic besides its events.
///
/// The order in which ends and deletions are noted does not matter: what comes of them is the same.
struct TopicState: Hashable, Sendable {
  /// The topic's events before this sequence are hidden; 0 where none are.
  private(set) var hiddenBefore: UInt64 = 0
  /// The sequence of the topic's last event; 0 where the topic has not ended.
  private(set) var endedAt: UInt64 = 0

  var hasEnded: Bool { endedAt > 0 }

  /// Notes the topic's last event; one that is hidden ends nothing.
  mutating func end(at sequence: UInt64) {
    if sequence >= hiddenBefore { endedAt = max(endedAt, sequence) }
  }

  /// Notes that all events before a sequence are hidden, and with its last one its end.
  mutating func hide(before sequence: UInt64) {
    hiddenBefore = max(hiddenBefore, sequence)
    if endedAt < hiddenBefore { endedAt = 0 }
  }
}
