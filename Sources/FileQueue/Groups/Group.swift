import Kernel

/// A group that a worker has members of: the worker's side of it.
///
/// What happens to members is noted, and comes into the group's state in a round, which takes the lock, deals
/// what there is, and tells what the worker's own members are to be sent. Belongs to one thread.
public final class Group {
  /// What happens to a member, which its worker knows by a key.
  public enum Change: Hashable, Sendable {
    /// It comes; `credit` events may be given to it without being acknowledged.
    case join(key: UInt64, credit: Int)
    /// It got `written` as a whole; `dropped` have expired or were removed meanwhile.
    case settle(key: UInt64, written: [UInt64], dropped: [UInt64])
    /// It goes; it may have got `unsure`, or not.
    case leave(key: UInt64, unsure: [UInt64])
  }

  /// Something that a member is to be sent.
  public struct Assignment: Hashable, Sendable {
    /// Whom.
    public let key: UInt64
    /// The event, or the last one of those that are missing.
    public let sequence: UInt64
    /// Events that are missing; nil where it is an event.
    public let gap: QueueGap?
    /// How often the event was given before.
    public let redeliveryCount: Int
  }

  /// What a round has come to.
  public struct Round: Sendable {
    /// What the worker's members are to be sent, in this order.
    public var assignments: [Assignment] = []
    /// Members that the group has no room for.
    public var refused: [UInt64] = []
    /// Whether there may be more at once.
    public var isCutOff = false
    /// Whether nothing will ever come: the topics have ended, and all that was published to them is done with.
    public var isOver = false
  }

  /// Its name.
  public let name: GroupName
  private let queue: Queue
  private var file: GroupFile
  private var state: GroupState
  private let seat: UInt16
  private var ahead = GroupAhead()
  private var changes: [Change] = []
  private var numbers: [UInt64: UInt32] = [:]
  private var keys: [UInt32: UInt64] = [:]
  /// The last turn whose assignment was handed out.
  private var lastTurn: UInt64
  /// When the state was written last, in monotonic nanoseconds.
  private var writtenAt: Int64 = 0

  /// Whether no member is left, and nothing is to be noted.
  public var isIdle: Bool { numbers.isEmpty && changes.isEmpty }
  /// When a round is due at the latest, because an event is to be given again; monotonic nanoseconds.
  public var nextDeadline: Int64? { state.nextDeadline }
  /// The keys of the members.
  public var members: [UInt64] { Array(numbers.keys) }

  /// Opens a group, or makes it.
  ///
  /// - Parameter start: where a new one begins.
  /// - Throws: `otherTerms` and all that stands in the way.
  public init(
    _ name: GroupName, _ terms: GroupTerms, in queue: Queue,
    start: () throws(GroupError) -> GroupStart
  ) throws(GroupError) {
    let folder = queue.groups
    if let there = try folder.state(of: name) {
      guard there.terms == terms else { throw .otherTerms(name, there.terms) }
    } else {
      let start = try start()
      try folder.make(
        name,
        GroupState(
          terms, start, epoch: queue.epochs.epoch(of: start.next - 1),
          now: Clock.unixMilliseconds()))
    }
    guard var file = try folder.open(name) else { throw .missing(name) }
    // What fails closes the file, and with it goes the lock.
    try file.hold()
    guard var state = try file.readChanged() else { throw .missing(name) }
    guard state.terms == terms else { throw .otherTerms(name, state.terms) }
    // Before the seat is taken: who had it is gone.
    state.removeMembers { !file.isTaken($0) }
    let oldest = try onQueue { () throws(QueueError) in try queue.oldestSequence() }
    state.adapt(
      to: queue.epochs, end: queue.durableNext, oldest: oldest, boot: .current,
      now: Clock.monotonicNanoseconds())
    let seat = try onFiles { () throws(SystemCallError) in
      guard let seat = try file.takeSeat() else { return UInt16?.none }
      try file.write(state)
      return seat
    }
    guard let seat else { throw .tooManyWorkers(name) }
    file.release()
    self.name = name
    self.queue = queue
    self.seat = seat
    self.state = state
    lastTurn = state.turn
    self.file = file
  }

  /// Whether another worker has changed it.
  package var hasChanged: Bool { file.hasChanged }

  /// Whether who asks for these terms may be a member.
  public func check(_ terms: GroupTerms) throws(GroupError) {
    guard state.terms == terms else { throw .otherTerms(name, state.terms) }
  }

  /// Notes what has happened to a member, for the next round.
  public func note(_ change: Change) { changes.append(change) }

  /// Brings in what was noted, deals, and tells what the worker's members are to be sent.
  ///
  /// - Throws: where it cannot be done now; all that was noted is kept for the next round.
  public func run(_ reader: inout QueueReader) throws(GroupError) -> Round {
    let unixNow = Clock.unixMilliseconds()
    try onQueue { () throws(QueueError) in
      try ahead.fill(from: state.next, state.terms, &reader, unixNow: unixNow)
    }
    try file.hold()
    defer { file.release() }
    if let changed = try file.readChanged() { state = changed }
    var next = state
    var round = Round()
    let now = Clock.monotonicNanoseconds()
    let joined = bringIn(to: &next, &round, now: now)
    next.removeMembers { $0 != seat && !file.isTaken($0) }
    next.expire(now: now)
    // What cannot be written down is not given.
    var rest = ahead
    rest.move(to: next.next)
    next.deal(&rest, now: now) { queue.epochs.epoch(of: $0) }
    round.isOver = next.isOver(in: queue)
    try write(&next, now: now, unixNow: unixNow, isOver: round.isOver)
    ahead = rest
    changes = []
    for (key, number) in joined {
      numbers[key] = number
      keys[number] = key
    }
    let known = Set(next.members.map(\.number))
    for (number, key) in keys where !known.contains(number) {
      keys[number] = nil
      numbers[key] = nil
    }
    round.assignments = takeAssignments()
    round.isCutOff = ahead.isCutOff && ahead.first == nil
    return round
  }

  /// Brings in what was noted; returns the numbers of those who came.
  private func bringIn(
    to next: inout GroupState, _ round: inout Round, now: Int64
  ) -> [UInt64: UInt32] {
    var joined: [UInt64: UInt32] = [:]
    for change in changes {
      switch change {
      case .join(let key, let credit):
        if let number = next.join(seat: seat, credit: credit) {
          joined[key] = number
        } else {
          round.refused.append(key)
        }
      case .settle(let key, let written, let dropped):
        guard let number = joined[key] ?? numbers[key] else { continue }
        next.settle(written: written, dropped: dropped, by: number, now: now)
      case .leave(let key, let unsure):
        guard let number = joined[key] ?? numbers[key] else { continue }
        next.leave(number, unsure: Set(unsure))
      }
    }
    return joined
  }

  /// Those of some members that are to be sent nothing now: nothing waits that they may have.
  ///
  /// - Parameter keys: of members; those that the group does not know have nothing to wait for either.
  public func idle(among keys: [UInt64]) -> [UInt64] {
    if keys.isEmpty { return [] }
    let busy = Set(state.claims.lazy.filter { $0.state == .assigned }.map(\.member))
    return keys.filter { key in numbers[key].map { !busy.contains($0) } ?? true }
  }

  /// Writes the state if it is another one; a place that has only moved over what nobody wants waits, unless it is
  /// the last one.
  private func write(
    _ next: inout GroupState, now: Int64, unixNow: Int64, isOver: Bool
  ) throws(GroupError) {
    var same = state
    (same.next, same.epoch) = (next.next, next.epoch)
    let pause = now - writtenAt
    let isDue =
      next != same || pause >= GroupLimits.useNoteInterval.wholeNanoseconds
      || next.next != state.next
        && (isOver || pause >= GroupLimits.placeNoteInterval.wholeNanoseconds)
    guard isDue else {
      state = next
      return
    }
    next.usedAt = unixNow
    let written = next
    try onFiles { () throws(SystemCallError) in try file.write(written) }
    state = next
    writtenAt = now
  }

  /// What has been assigned to the worker's members, by any worker, since it was asked last.
  private func takeAssignments() -> [Assignment] {
    let new = state.claims.filter { $0.state == .assigned && $0.turn > lastTurn }
    lastTurn = max(lastTurn, state.turn)
    return new.sorted { $0.turn < $1.turn }.compactMap { claim in
      guard let key = keys[claim.member] else { return nil }
      var gap: QueueGap?
      if case .gap(let from, let reason) = claim.content {
        gap = QueueGap(missing: from..<(claim.sequence + 1), reason: reason)
      }
      return Assignment(
        key: key, sequence: claim.sequence, gap: gap,
        redeliveryCount: Int(claim.redeliveryCount))
    }
  }
}
