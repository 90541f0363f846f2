import FileQueue
import Kernel
import Logging

/// What ``Groups`` does on its thread.
///
/// A group has a round when something has been published, when another worker has changed it, when one of the
/// worker's members has got something, and when something is to be given again.
final class GroupRounds {
  private enum Token {
    static let waker = EpollToken(slot: 0, generation: 0)
    static let queue = EpollToken(slot: 1, generation: 0)
    static let folder = EpollToken(slot: 2, generation: 0)
  }

  /// A group that the worker has members of.
  private struct Open {
    let group: Group
    var members: [UInt64: Member] = [:]
    /// When it may have a round after one that failed, monotonic nanoseconds.
    var pausesUntil: Int64 = 0
    var isDue = true
  }

  /// A member, as its stream loop knows it.
  private struct Member {
    let door: StreamLoopDoor
    let token: EpollToken
    /// Whether it goes when nothing waits that it may have.
    let isPoll: Bool
  }

  private let queue: Queue
  private let mailbox: Mailbox<GroupLetter>
  private let waker: Waker
  private let log: Logger
  private var epoll: Epoll
  private let tailWatch: FileWatch?
  /// There while a group is open.
  private var folderWatch: FolderWatch?
  private var reader: QueueReader
  private var groups: [GroupName: Open] = [:]
  private var failures = FailureReports()
  /// When all groups are looked at, whatever has woken the thread; monotonic nanoseconds.
  private var lookAt: Int64 = 0
  private var isStopping = false

  init(
    _ queue: Queue, _ mailbox: Mailbox<GroupLetter>, _ waker: Waker, _ log: Logger
  ) throws(SystemCallError) {
    var epoll = try Epoll(eventCountMaximum: StreamLimits.groupEpollEventCountMaximum)
    try waker.watch(in: epoll, token: Token.waker)
    do throws(SystemCallError) {
      let watch = try queue.watch()
      try watch.watch(in: epoll, token: Token.queue)
      tailWatch = consume watch
    } catch {
      // Looking every quarter of a second still delivers everything; the stream loops have said so.
      tailWatch = nil
    }
    _ = try epoll.wait(timeout: .zero)
    self.epoll = epoll
    self.queue = queue
    self.mailbox = mailbox
    self.waker = waker
    self.log = log
    reader = QueueReader(queue)
  }

  /// Works until it is told to stop.
  func run() throws(SystemCallError) {
    while !isStopping {
      let count = try epoll.wait(timeout: timeout())
      for index in 0..<count {
        switch epoll.event(index).token {
        case Token.waker: takeLetters()
        case Token.queue: notePublished()
        default: noteChanged()
        }
      }
      let now = Clock.monotonicNanoseconds()
      if now >= lookAt {
        lookAt = now + StreamLimits.watchInterval.wholeNanoseconds
        markAllDue()
      }
      runDue()
    }
    // Who has gone with the last streams has said so: what they got is not to be given again.
    for _ in 0..<StreamLimits.groupStopTryCountMaximum where !groups.isEmpty {
      _ = try epoll.wait(timeout: StreamLimits.groupPause)
      runDue()
    }
  }

  /// Until when nothing is to be done; nil for as long as nobody says something.
  private func timeout() -> Duration? {
    if groups.isEmpty { return nil }
    let now = Clock.monotonicNanoseconds()
    var next = lookAt
    for open in groups.values {
      let due = open.isDue ? 0 : open.group.nextDeadline ?? .max
      next = min(next, max(due, open.pausesUntil))
    }
    return .nanoseconds(max(0, next - now))
  }

  private func takeLetters() {
    waker.silence()
    for letter in mailbox.takeAll() {
      switch letter {
      case .join(let arrival): join(arrival)
      case .note(let name, let change): note(change, in: name)
      case .acknowledge(let name, let ids, let reply):
        let queue = queue
        reply(
          Result { () throws(GroupError) in
            try queue.groups.acknowledge(ids, of: name, in: queue)
          })
      case .tell(let name, let reply): tell(name, reply)
      case .remove(let name, let reply):
        let queue = queue
        reply(Result { () throws(GroupError) in try queue.groups.remove(name) })
      case .stop: isStopping = true
      }
    }
  }

  private func notePublished() {
    // Unread, the event takes in all later ones: without groups publishing wakes nobody here.
    if groups.isEmpty { return }
    tailWatch?.clear()
    markAllDue()
  }

  private func noteChanged() {
    switch folderWatch?.take() {
    case .files(let files):
      for (name, open) in groups where files.contains(name.file) && open.group.hasChanged {
        groups[name]?.isDue = true
      }
    case .any: markAllDue()
    case nil: break
    }
  }

  private func markAllDue() {
    for name in groups.keys { groups[name]?.isDue = true }
  }

  // MARK: - Members

  private func join(_ arrival: GroupArrival) {
    let entry = arrival.entry
    do throws(GroupError) {
      if let open = groups[entry.name] {
        try open.group.check(entry.terms)
      } else {
        // What was published meanwhile was left unread, and would take in what is published from now on.
        if groups.isEmpty { tailWatch?.clear() }
        groups[entry.name] = Open(group: try open(arrival))
        if folderWatch == nil { watchFolder() }
      }
    } catch {
      return dismiss(arrival.door, arrival.token, error)
    }
    groups[entry.name]?.members[arrival.key] = Member(
      door: arrival.door, token: arrival.token, isPoll: arrival.request.isPoll)
    groups[entry.name]?.group.note(.join(key: arrival.key, credit: entry.credit))
    groups[entry.name]?.isDue = true
  }

  private func open(_ arrival: GroupArrival) throws(GroupError) -> Group {
    let queue = queue
    var gap: GapEvent?
    let group = try Group(arrival.entry.name, arrival.entry.terms, in: queue) {
      () throws(GroupError) -> GroupStart in
      do throws(QueueError) {
        return try beginning(of: arrival, &gap)
      } catch { throw .queue(error) }
    }
    if let gap { arrival.door.mailbox.post(.tell(arrival.token, gap)) }
    return group
  }

  /// Where a new group begins: as a stream would that asks for the same.
  private func beginning(
    of arrival: GroupArrival, _ gap: inout GapEvent?
  ) throws(QueueError) -> GroupStart {
    switch try Resumption(arrival.request, joinsAt: arrival.joinsAt, in: queue, &reader) {
    case .join(let sequence), .replay(let sequence): return GroupStart(next: sequence)
    case .afterGap(let found):
      gap = found
      return GroupStart(next: found.oldest.sequence)
    case .search(var search):
      let names = arrival.entry.terms.names
      let unixNow = Clock.unixMilliseconds()
      while !search.isDone {
        try reader.step(&search) { record, bytes in
          record.expiresAt > unixNow && names.take(bytes.extracting(record.body))
        }
      }
      return GroupStart(next: arrival.joinsAt, before: search.found)
    }
  }

  private func watchFolder() {
    do throws(SystemCallError) {
      let watch = try FolderWatch(queue.groups.path)
      try watch.watch(in: epoll, token: Token.folder)
      folderWatch = consume watch
    } catch {
      note(
        "no watch on the groups, what other workers give comes with delay: "
          + error.descriptionWithAdvice
      )
    }
  }

  private func note(_ change: Group.Change, in name: GroupName) {
    guard let open = groups[name] else { return }
    open.group.note(change)
    if case .leave(let key, _) = change { groups[name]?.members[key] = nil }
    groups[name]?.isDue = true
  }

  private func dismiss(_ door: StreamLoopDoor, _ token: EpollToken, _ error: GroupError) {
    // What a group goes by may be hidden from the stream.
    let reason =
      if case .otherTerms(let name, _) = error { "the group '\(name)' goes by other terms" } else {
        error.text { "DELETE /groups/\($0)" }
      }
    door.mailbox.post(.dismiss(token, reason))
  }

  // MARK: - Rounds

  private func runDue() {
    let now = Clock.monotonicNanoseconds()
    for (name, open) in groups {
      let isDue = open.isDue || open.group.nextDeadline ?? .max <= now
      guard isDue, open.pausesUntil <= now else { continue }
      groups[name]?.isDue = false
      do throws(GroupError) {
        let round = try open.group.run(&reader)
        groups[name]?.isDue = round.isCutOff
        hand(round, of: open)
      } catch {
        fail(open, error, now: now)
      }
      if groups[name]?.group.isIdle == true { groups[name] = nil }
    }
    guard groups.isEmpty else { return }
    folderWatch = nil
    reader.closeSegments()
  }

  /// Hands out what a round has come to.
  private func hand(_ round: Group.Round, of open: Open) {
    var byMember: [UInt64: [Group.Assignment]] = [:]
    for assignment in round.assignments { byMember[assignment.key, default: []].append(assignment) }
    for (key, assignments) in byMember {
      // One that has gone has said so, and what it was to be sent goes to others in the next round.
      guard let member = open.members[key] else { continue }
      member.door.mailbox.post(.assign(member.token, assignments))
    }
    for key in round.refused {
      guard let member = open.members[key] else { continue }
      dismiss(member.door, member.token, .tooManyMembers(open.group.name))
    }
    for key in finished(round, of: open) {
      if let member = open.members[key] { member.door.mailbox.post(.finish(member.token)) }
    }
  }

  /// The members that have got everything that there was for them, and ask for no more, or for whom no more will come.
  private func finished(_ round: Group.Round, of open: Open) -> [UInt64] {
    if round.isOver { return Array(open.members.keys) }
    if round.isCutOff { return [] }
    return open.group.idle(among: open.members.filter(\.value.isPoll).map(\.key))
  }

  private func fail(_ open: Open, _ error: GroupError, now: Int64) {
    let name = open.group.name
    groups[name]?.isDue = true
    switch error {
    case .busy:
      groups[name]?.pausesUntil = now + StreamLimits.groupPause.wholeNanoseconds
    case .deleted, .damaged:
      note("\(error)")
      for member in open.members.values { dismiss(member.door, member.token, error) }
      groups[name] = nil
    default:
      note("the group \(name) cannot go on: \(error)")
      groups[name]?.pausesUntil = now + StreamLimits.readPauseMinimum.wholeNanoseconds
    }
  }

  private func note(_ text: String) {
    if let report = failures.report(text, now: Clock.monotonicNanoseconds()) {
      log.error("groups", metadata: ["error": "\(report)"])
    }
  }

  private func tell(
    _ name: GroupName, _ reply: @Sendable (Result<GroupFigures, GroupError>) -> Void
  ) {
    let queue = queue
    reply(
      Result { () throws(GroupError) in
        let figures: QueueFigures
        do throws(QueueError) { figures = try queue.figures() } catch { throw .queue(error) }
        guard let group = try queue.groups.figures(of: name, in: figures) else {
          throw .missing(name)
        }
        return group
      })
  }
}
