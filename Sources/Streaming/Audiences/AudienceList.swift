/// Audiences that want the same topic or pattern, in no order.
///
/// One that is gone is swept out later, with others: a list of thousands is not searched for each.
struct AudienceList {
  private var members: [Audience] = []
  private var goneCount = 0

  /// Whether no audience is left.
  var isEmpty: Bool { members.count == goneCount }

  /// Adds an audience that is not in the list.
  mutating func add(_ audience: Audience) {
    members.append(audience)
  }

  /// Notes that one of the audiences has no subscribers any more.
  mutating func noteGone() {
    goneCount += 1
    guard goneCount * 2 > members.count else { return }
    members.removeAll { $0.subscriberCount == 0 }
    goneCount = 0
  }

  /// Calls `body` for each audience that has not seen the event `sequence` yet.
  @inline(__always)
  func visit(_ sequence: UInt64, _ body: (Audience) -> Void) {
    for audience in members
    where audience.visitedSequence != sequence && audience.subscriberCount > 0 {
      audience.visitedSequence = sequence
      body(audience)
    }
  }
}
