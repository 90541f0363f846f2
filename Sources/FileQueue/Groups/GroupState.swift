import Kernel

/// Where a group stands, and who has what of it: a value that whoever holds the group's lock reads, changes
/// and writes back.
struct GroupState: Hashable, Sendable {
  let terms: GroupTerms
  /// The first event that is neither taken up nor passed over.
  var next: UInt64
  /// The id before it, by which a queue that was restored knows the place.
  var epoch: UInt32
  /// Since which start of the machine the deadlines count.
  var boot: BootID
  /// Turns so far.
  var turn: UInt64 = 0
  /// Members so far.
  var memberTotal: UInt32 = 0
  /// By their numbers.
  var members: [GroupMember] = []
  /// By their sequences.
  var claims: [GroupClaim] = []
  /// Events that a member got as a whole, each time.
  var deliveredCount: UInt64 = 0
  /// Events that were given again to somebody else, or the same one.
  var redeliveredCount: UInt64 = 0
  /// Events that were acknowledged.
  var acknowledgedCount: UInt64 = 0
  /// In milliseconds since 1970.
  let createdAt: Int64
  /// When somebody was last seen to use it, in milliseconds since 1970.
  var usedAt: Int64

  /// A group that begins where `start` says.
  init(_ terms: GroupTerms, _ start: GroupStart, epoch: UInt32, now: Int64) {
    self.terms = terms
    next = start.next
    claims = start.before.suffix(GroupLimits.claimCountMaximum).map {
      GroupClaim(sequence: $0, content: .event, byteCount: 0, state: .waiting)
    }
    self.epoch = epoch
    boot = .current
    createdAt = now
    usedAt = now
  }

  private var acknowledgement: Int64? { terms.acknowledgement?.wholeNanoseconds }

  /// When the next claim is to be given again; nil where none is.
  var nextDeadline: Int64? {
    terms.acknowledgement == nil ? nil : claims.lazy.map(\.deadline).min()
  }

  // MARK: - Members

  /// No more than these come, so that no number is given twice.
  static let memberTotalMaximum = UInt32.max - 1

  /// Takes in a member; its turn comes behind those who are there.
  mutating func join(seat: UInt16, credit: Int) -> UInt32? {
    guard members.count < GroupLimits.memberCountMaximum, memberTotal < Self.memberTotalMaximum
    else { return nil }
    turn += 1
    memberTotal += 1
    members.append(
      GroupMember(
        number: memberTotal, seat: seat, credit: UInt16(clamping: credit), lastTurn: turn))
    return memberTotal
  }

  /// Forgets a member; what it was to be sent goes to others.
  ///
  /// - Parameter unsure: events that it may have got, or not.
  mutating func leave(_ member: UInt32, unsure: Set<UInt64>) {
    members.removeAll { $0.number == member }
    for place in claims.indices
    where claims[place].state == .assigned && claims[place].member == member {
      claims[place].putBack(mayBeDelivered: unsure.contains(claims[place].sequence))
    }
  }

  /// Forgets the members of workers that are gone.
  mutating func removeMembers(where isGone: (_ seat: UInt16) -> Bool) {
    var known: [UInt16: Bool] = [:]
    var gone: Set<UInt32> = []
    for member in members {
      let isItsGone = known[member.seat] ?? isGone(member.seat)
      known[member.seat] = isItsGone
      if isItsGone { gone.insert(member.number) }
    }
    if gone.isEmpty { return }
    members.removeAll { gone.contains($0.number) }
    for place in claims.indices
    where claims[place].state == .assigned && gone.contains(claims[place].member) {
      claims[place].putBack(mayBeDelivered: true)
    }
  }

  // MARK: - Claims

  /// Notes what has become of what a member was to be sent.
  ///
  /// - Parameters:
  ///   - written: events that it has got as a whole.
  ///   - dropped: events that have expired or were removed meanwhile.
  mutating func settle(
    written: [UInt64], dropped: [UInt64] = [], by member: UInt32, now: Int64
  ) {
    for sequence in written {
      guard let place = assigned(sequence, to: member) else { continue }
      let isEvent = claims[place].content == .event
      if isEvent { deliveredCount += 1 }
      if isEvent, let acknowledgement {
        claims[place].state = .given
        claims[place].deadline = now + acknowledgement
      } else {
        claims[place].turn = Self.doneTurn
      }
    }
    for sequence in dropped {
      if let place = assigned(sequence, to: member) { claims[place].turn = Self.doneTurn }
    }
    removeDone()
  }

  private func assigned(_ sequence: UInt64, to member: UInt32) -> Int? {
    guard let place = place(of: sequence), claims[place].state == .assigned,
      claims[place].member == member
    else { return nil }
    return place
  }

  /// Notes that events need not be given again; returns which of them were outstanding.
  mutating func acknowledge(_ sequences: [UInt64]) -> [Bool] {
    var known = sequences.map { _ in false }
    for (number, sequence) in sequences.enumerated() {
      guard let place = place(of: sequence), claims[place].content == .event,
        claims[place].turn != Self.doneTurn
      else { continue }
      // It may be quicker than the word that it was written.
      if claims[place].state == .assigned { deliveredCount += 1 }
      claims[place].turn = Self.doneTurn
      acknowledgedCount += 1
      known[number] = true
    }
    removeDone()
    return known
  }

  /// Puts back what was not acknowledged in time.
  mutating func expire(now: Int64) {
    if terms.acknowledgement == nil { return }
    for place in claims.indices where claims[place].deadline <= now {
      claims[place].putBack(mayBeDelivered: true)
    }
  }

  /// Marks a claim that is about to be removed; no turn is so high.
  private static let doneTurn = UInt64.max

  private mutating func removeDone() {
    claims.removeAll { $0.turn == Self.doneTurn }
  }

  private func place(of sequence: UInt64) -> Int? {
    var low = 0
    var high = claims.count
    while low < high {
      let middle = (low + high) / 2
      if claims[middle].sequence < sequence { low = middle + 1 } else { high = middle }
    }
    return low < claims.count && claims[low].sequence == sequence ? low : nil
  }

  // MARK: - Dealing

  /// Gives what waits, and then what comes ahead, to the members in the order of their turns, one each, as long as
  /// somebody can take something.
  ///
  /// - Parameter epochOf: the epoch of an event.
  mutating func deal(
    _ ahead: inout GroupAhead, now: Int64, epochOf: (_ sequence: UInt64) -> UInt32
  ) {
    var turns = GroupTurns(self)
    let deadline = acknowledgement.map { now + $0 }
    for place in claims.indices where claims[place].state == .waiting {
      guard let member = turns.take(byteCount: claims[place].byteCount) else { break }
      claims[place].state = .assigned
      if claims[place].redeliveryCount > 0 { redeliveredCount += 1 }
      assign(place, to: member, deadline: deadline)
    }
    while claims.count < GroupLimits.claimCountMaximum, let item = ahead.first,
      let member = turns.take(byteCount: item.byteCount)
    {
      claims.append(
        GroupClaim(
          sequence: item.sequence, content: item.content, byteCount: item.byteCount,
          state: .assigned))
      assign(claims.count - 1, to: member, deadline: deadline)
      ahead.removeFirst()
    }
    next = max(next, ahead.next)
    epoch = epochOf(next - 1)
  }

  private mutating func assign(_ place: Int, to member: Int, deadline: Int64?) {
    turn += 1
    members[member].lastTurn = turn
    claims[place].turn = turn
    claims[place].member = members[member].number
    claims[place].deadline = claims[place].content == .event ? deadline ?? .max : .max
  }

  // MARK: - The end

  /// Whether nothing will ever be given again: the topics have ended, and all that was published to them is done
  /// with.
  func isOver(in queue: Queue) -> Bool {
    claims.isEmpty && terms.filter.patterns.isEmpty
      && queue.end(of: terms.filter.topics, before: next) != nil
  }

  // MARK: - Another life

  /// Makes the state right for the queue as it is now, which may have been restored, and for this start of the
  /// machine.
  ///
  /// - Parameters:
  ///   - end: the sequence behind the last event that is on disk.
  ///   - oldest: the first event that is there.
  mutating func adapt(
    to epochs: Epochs, end: UInt64, oldest: UInt64, boot: BootID, now: Int64
  ) {
    switch epochs.place(of: EventID(epoch: epoch, sequence: next - 1), next: end) {
    case .known: break
    case .lost(let first): next = first
    case .ahead: next = end
    case .unknown: next = oldest
    }
    epoch = epochs.epoch(of: next - 1)
    claims.removeAll { $0.sequence >= next }
    guard self.boot != boot else { return }
    self.boot = boot
    for place in claims.indices where claims[place].state == .given {
      claims[place].deadline = now + (acknowledgement ?? 0)
    }
  }
}
