import EventStream
import FastCGI
import Figures
import FileQueue
import Kernel

/// Members of groups: subscribers that are told which events to send.
///
/// They read from the queue, in turns, like those who are behind; what they are to send comes from the thread of
/// the groups, which is told what the web server has read, so that it can go on.
extension StreamLoop {
  /// Hands a new member over to its group.
  func join(_ subscriber: Subscriber, _ membership: Membership, _ request: StreamRequest) {
    groups?.join(
      GroupArrival(
        key: membership.key, entry: membership.entry, request: request, joinsAt: subscriber.joinsAt,
        door: door, token: subscriber.token))
  }

  /// Takes in what a member is to be sent.
  func assign(_ assignments: [Group.Assignment], to token: EpollToken) {
    guard let subscriber = subscribers.element(token), let membership = subscriber.membership
    else { return }
    membership.assigned += assignments
    if case .waiting = subscriber.state { goOn(subscriber, membership) }
  }

  /// Goes on with a member that was sent what it was to be sent before.
  func goOn(_ subscriber: Subscriber, _ membership: Membership) {
    noteWritten(subscriber, membership)
    if membership.isFinished && membership.assigned.isEmpty || isPageFull(subscriber) {
      finish(subscriber, membership)
    } else if membership.assigned.isEmpty {
      subscriber.state = .waiting
    } else {
      subscriber.state = .behind(.assigned)
      behind.append(subscriber.token)
    }
  }

  /// Notes that all was written that was rendered for a member.
  func noteWritten(_ subscriber: Subscriber, _ membership: Membership) {
    membership.noteWritten()
    if let change = membership.takeDropped() { groups?.note(membership.entry.name, change) }
    guard !membership.unread.isEmpty, !membership.isLookedAt else { return }
    membership.isLookedAt = true
    unreadMembers.append(subscriber.token)
    lookAtMembers(after: StreamLimits.memberLookMinimum)
  }

  /// Sends a member what it is to be sent next; returns the bytes.
  func sendAssigned(to subscriber: Subscriber) -> Int {
    guard let membership = subscriber.membership else { return 0 }
    let frame = takeFrame(for: subscriber)
    defer { frames.put(frame) }
    var large: RecordBody?
    do throws(QueueError) {
      while large == nil, let next = membership.assigned.first,
        frame.byteCount < StreamLimits.frameByteCountMaximum,
        frame.itemCount.map({ $0 < StreamLimits.pageEventCountMaximum }) ?? true
      {
        large = try append(next, of: subscriber, membership, to: frame)
      }
    } catch {
      // What was rendered before it is sent now; the next turn meets the error at once.
      if frame.isEmpty {
        pause(subscriber, error, then: .catchUp(from: .assigned))
        return 0
      }
    }
    subscriber.readPause.noteSuccess()
    subscriber.pageItemCount = frame.itemCount
    let next = large.map { Subscriber.Place.inside($0, sentByteCount: 0) } ?? .assigned
    guard !frame.isEmpty else {
      proceed(subscriber, .catchUp(from: next))
      return 0
    }
    frame.close()
    send(frame, to: subscriber, then: .catchUp(from: next))
    return frame.byteCount
  }

  /// Renders the next of what a member is to be sent; returns where it lies if it is too large for a frame.
  private func append(
    _ next: Group.Assignment, of subscriber: Subscriber, _ membership: Membership,
    to frame: Frame
  ) throws(QueueError) -> RecordBody? {
    let format = subscriber.audience.key.format
    if let gap = next.gap {
      append(event(of: gap, next: gap.missing.upperBound), as: format, to: frame)
      membership.noteFramed(end: frame.byteCount)
      return nil
    }
    var outcome = MemberEvent.gone
    let unixNow = wall()
    try reader.read(event: next.sequence) { record, bytes in
      if record.expiresAt <= unixNow
        || queue.hides(record, bytes, from: membership.entry.terms.filter)
      {
        outcome = .unwanted
      } else if record.body.count > StreamLimits.framedBodyByteCountMaximum
        || (format != .eventStream
          && !render(
            record, bytes, for: subscriber.audience.key, redeliveryCount: next.redeliveryCount))
      {
        outcome = .large
      } else if format != .eventStream {
        outcome = .framed
        frame.append(line: line, expiresAt: record.expiresAt)
      } else {
        outcome = .framed
        Self.appendMark(of: next, to: frame)
        let body = bytes.extracting(record.body)
        if record.sequence < subscriber.joinsAt, let retry = EventStreamWriter.retryLine(in: body) {
          frame.append(event: body, without: retry, expiresAt: record.expiresAt)
        } else {
          frame.append(event: body, expiresAt: record.expiresAt)
        }
      }
    }
    switch outcome {
    case .framed: membership.noteFramed(end: frame.byteCount)
    case .unwanted: membership.noteDropped()
    case .large:
      // What comes before it goes first.
      if let body = try reader.body(of: next.sequence) { return body }
      appendGone(next.sequence, membership, as: format, to: frame)
    case .gone: appendGone(next.sequence, membership, as: format, to: frame)
    }
    return nil
  }

  /// Tells a member that retention has removed an event since it was given to it.
  private func appendGone(
    _ sequence: UInt64, _ membership: Membership, as format: StreamFormat, to frame: Frame
  ) {
    let missing = QueueGap(missing: sequence..<(sequence + 1), reason: .expired)
    append(event(of: missing, next: sequence + 1), as: format, to: frame)
    membership.noteDropped()
  }

  private func append(_ gap: GapEvent, as format: StreamFormat, to frame: Frame) {
    frame.append(gap: content(gap.event, as: format), gap.reason)
  }

  private enum MemberEvent {
    case framed
    case large
    /// It has expired, or its topic was deleted.
    case unwanted
    case gone
  }

  /// Tells, in a comment, how often an event was given before.
  static func appendMark(of assignment: Group.Assignment, to frame: Frame) {
    if assignment.redeliveryCount == 0 { return }
    var content: [UInt8] = []
    EventStreamWriter.appendComment("redelivered \(assignment.redeliveryCount)", to: &content)
    frame.append(content)
  }

  // MARK: - What the web server has read

  /// Looks which members' sockets are empty, and lets their groups go on.
  func lookAtMembers() {
    memberLook = nil
    let looked = unreadMembers
    unreadMembers = []
    for token in looked {
      guard let subscriber = subscribers.element(token), let membership = subscriber.membership
      else { continue }
      guard subscriber.connection.isDrained else {
        unreadMembers.append(token)
        continue
      }
      membership.isLookedAt = false
      if let change = membership.takeSettled() { groups?.note(membership.entry.name, change) }
    }
    if unreadMembers.isEmpty { return }
    let pause = min(memberPause * 2, StreamLimits.memberLookMaximum)
    lookAtMembers(
      after: unreadMembers.count < looked.count ? StreamLimits.memberLookMinimum : pause)
  }

  private func lookAtMembers(after pause: Duration) {
    let deadline = Clock.monotonicNanoseconds() + pause.wholeNanoseconds
    if let memberLook, memberLook <= deadline { return }
    memberPause = pause
    memberLook = deadline
    timers.insert(LoopTimer(deadline: deadline, task: .members))
  }

  // MARK: - The end

  /// Tells a member's group that it goes, and what it has got.
  func leave(_ subscriber: Subscriber, _ membership: Membership) {
    // What is in a socket that the web server has closed is lost, unless it has read all of it.
    let peer = subscriber.connection.pollPeer()
    let hasReadAll =
      membership.hasReadAll ?? (peer == .closed || membership.isEnded && peer == .quiet)
    if case .blocked(_, let byteCount, _) = subscriber.state {
      membership.noteWritten(byteCount: byteCount)
    } else {
      membership.noteWritten(byteCount: 0)
    }
    let name = membership.entry.name
    let unsure = hasReadAll ? [] : membership.unread
    if let change = hasReadAll ? membership.takeSettled() : membership.takeDropped() {
      groups?.note(name, change)
    }
    groups?.note(name, .leave(key: membership.key, unsure: unsure))
  }

  /// Ends a member's stream when it has been sent what it is to be sent: it asked for no more, or no more will come.
  func finishMember(_ token: EpollToken) {
    guard let subscriber = subscribers.element(token), let membership = subscriber.membership
    else { return }
    membership.isFinished = true
    if case .waiting = subscriber.state { goOn(subscriber, membership) }
  }

  private func finish(_ subscriber: Subscriber, _ membership: Membership) {
    let frame = takeFrame(for: subscriber)
    if subscriber.pageItemCount != nil { frame.append(Array("]}\n".utf8)) }
    frame.appendEnd()
    membership.isEnded = true
    send(frame, to: subscriber, then: .close)
    frames.put(frame)
  }

  /// Ends a stream that cannot be a member, and says why.
  func dismiss(_ token: EpollToken, _ reason: String) {
    guard let subscriber = subscribers.element(token) else { return }
    if case .waiting = subscriber.state {
      var content: [UInt8] = []
      switch subscriber.audience.key.format {
      case .eventStream: EventStreamWriter.appendComment(reason, to: &content)
      case .lines: content = JSON.encode(["detail": reason])
      // Behind the list of events.
      case .page: content = Array("],".utf8) + JSON.encode(["detail": reason]).dropFirst()
      }
      let frame = frames.take(requestID: subscriber.connection.requestID)
      frame.append(content)
      frame.close()
      _ = try? frame.send(to: subscriber.connection)
      frames.put(frame)
    }
    end(subscriber)
  }

  /// Tells a member that events are missing where its new group begins.
  func tell(_ token: EpollToken, _ gap: GapEvent) {
    guard let subscriber = subscribers.element(token), case .waiting = subscriber.state else {
      return
    }
    let frame = takeFrame(for: subscriber)
    append(gap, as: subscriber.audience.key.format, to: frame)
    frame.close()
    subscriber.pageItemCount = frame.itemCount
    send(frame, to: subscriber, then: .catchUp(from: .assigned))
    frames.put(frame)
  }
}
