import EventStream
import FastCGI
import Figures
import FileQueue
import Kernel
import Logging

/// How subscribers come and go.
extension StreamLoop {
  /// Takes in a subscriber: sends the opening, then finds where it begins.
  func open(_ arrival: Arrival, _ handover: ConnectionHandover) {
    guard let connection = handover.take() else { return }
    let audience = audiences.audience(
      Audience.Key(arrival.source, requestID: connection.requestID))
    let subscriber = Subscriber(
      connection, arrival, token: subscribers.reserve(), audience: audience, counts: counts)
    if case .group(let entry, _) = arrival.source, let groups {
      subscriber.membership = Membership(key: groups.newKey(), entry)
    }
    subscriber.endsAt = endOfAge(
      from: subscriber.openedAt, arrival.permit, now: subscriber.openedAt)
    if subscriber.endsAt < .max { watchAges(now: subscriber.openedAt) }
    counts.add(to: .streamsOpened)
    subscribers.insert(subscriber, at: subscriber.token)
    audience.subscriberCount += 1
    pacing.noteArrival()
    do {
      try watchConnection(of: subscriber, isNew: true, forRoom: false)
      log.info("stream opened", metadata: metadata(of: subscriber))
      try begin(subscriber, arrival)
      // The rules may have changed since they were asked, and all streams have been looked at then.
      if let permit = arrival.permit, !permit.holds() { end(subscriber) }
    } catch let error as QueueError {
      note(error)
      close(subscriber)
    } catch {
      log.error("a stream cannot begin", metadata: ["error": "\(error)"])
      close(subscriber)
    }
  }

  private func begin(_ subscriber: Subscriber, _ arrival: Arrival) throws {
    let opening = takeFrame(for: subscriber)
    opening.append(records: arrival.opening)
    if subscriber.pageItemCount != nil { opening.append(Self.pageBegin) }
    var content: [UInt8] = []
    let next: Subscriber.Continuation
    var isHeld = arrival.whenOver != nil
    switch arrival.source {
    case .group(_, let request):
      guard let membership = subscriber.membership else { return close(subscriber) }
      join(subscriber, membership, request)
      next = .catchUp(from: .assigned)
    case .demo(let demo):
      demo.appendOpening(to: &content)
      next = .play(demo, nextAt: Clock.monotonicNanoseconds() + demo.interval.wholeNanoseconds)
    case .queue(let request):
      switch try Resumption(request, joinsAt: arrival.joinsAt, in: queue, &reader) {
      case .join(let sequence):
        if subscriber.takesIDBlocks {
          content += checkpoint(sequence - 1)
          subscriber.toldSequence = sequence - 1
        }
        next = .join(at: sequence)
      case .replay(let sequence):
        counts.add(to: .replays)
        if request.start.isWithoutID, subscriber.takesIDBlocks {
          content += checkpoint(sequence - 1)
        }
        subscriber.toldSequence = sequence - 1
        next = .catchUp(from: .event(Cursor(before: sequence)))
      case .search(let search):
        counts.add(to: .replays)
        subscriber.last = .searched(search)
        next = .catchUp(from: subscriber.beginning)
      case .afterGap(let gap):
        counts.add(to: .replays)
        opening.append(
          gap: self.content(gap.event, as: subscriber.audience.key.format), gap.reason)
        subscriber.pageItemCount = opening.itemCount
        isHeld = false
        subscriber.toldSequence = gap.oldest.sequence - 1
        next = .catchUp(from: .event(Cursor(before: gap.oldest.sequence)))
      }
    }
    opening.append(content)
    opening.close()
    if isHeld, let instead = arrival.whenOver {
      subscriber.heldOpening = Subscriber.HeldOpening(frame: opening, instead: instead)
      return proceed(subscriber, next)
    }
    send(opening, to: subscriber, then: next)
    frames.put(opening)
  }

  /// Goes on with a subscriber whose socket takes bytes.
  func proceed(_ subscriber: Subscriber, _ next: Subscriber.Continuation) {
    switch next {
    case .close:
      close(subscriber)
    case .join where subscriber.isPoll:
      finish(subscriber)
    case .join(let sequence):
      subscriber.state = .joining(at: sequence)
      joining.append(subscriber)
    case .catchUp(from: .event(let cursor))
    where cursor.sequence == pastEnd(of: subscriber) && subscriber.last == nil:
      proceed(subscriber, .join(at: cursor.sequence))
    case .catchUp(from: .assigned):
      if let membership = subscriber.membership { goOn(subscriber, membership) }
    case .catchUp(let place):
      if let membership = subscriber.membership { noteWritten(subscriber, membership) }
      subscriber.state = .behind(place)
      behind.append(subscriber.token)
    case .play(let demo, let nextAt):
      guard !demo.isOver else { return end(subscriber) }
      subscriber.state = .playing(demo, nextAt: nextAt)
      let heartbeatAt =
        Clock.monotonicNanoseconds() + configuration.heartbeatInterval.wholeNanoseconds
      timers.insert(
        LoopTimer(deadline: min(nextAt, heartbeatAt), task: .play(subscriber.token)))
    }
  }

  /// Makes subscribers live whose beginning the feed has reached; one that it has passed is behind.
  func joinWaiting() {
    if joining.isEmpty { return }
    let waiting = joining
    joining = []
    var hasTold = false
    for subscriber in waiting {
      guard case .joining(let sequence) = subscriber.state else { continue }
      if sequence == feed.sequence {
        if subscriber.owesLive, !isOverUnsaid(subscriber) {
          tellLive(subscriber)
          hasTold = true
        } else {
          makeLive(subscriber)
        }
      } else if sequence > feed.sequence {
        joining.append(subscriber)
      } else {
        proceed(subscriber, .catchUp(from: .event(Cursor(before: sequence))))
      }
    }
    if hasTold { joinWaiting() }
  }

  /// Where a subscriber stops reading from the queue: what comes then is for those who are live.
  func pastEnd(of subscriber: Subscriber) -> UInt64 {
    subscriber.isPoll ? subscriber.joinsAt : max(feed.sequence, subscriber.joinsAt)
  }

  /// Tells a subscriber that has everything the feed has read so, before it becomes live.
  private func tellLive(_ subscriber: Subscriber) {
    subscriber.owesLive = false
    subscriber.toldSequence = feed.sequence - 1
    let frame = frames.take(requestID: subscriber.connection.requestID)
    frame.append(signal(.live, upTo: feed.sequence - 1, as: subscriber.audience.key.format))
    frame.close()
    send(frame, to: subscriber, then: .join(at: feed.sequence))
    frames.put(frame)
  }

  /// Ends a stream that has got what was there when it came.
  func finish(_ subscriber: Subscriber) {
    let frame = takeFrame(for: subscriber)
    let isFull = isPageFull(subscriber)
    let end = isFull ? subscriber.toldSequence ?? 0 : subscriber.joinsAt - 1
    if subscriber.owesLive, !isFull {
      frame.append(own: signal(.live, upTo: end, as: subscriber.audience.key.format))
    }
    if subscriber.pageItemCount != nil { frame.append(pageEnd(next: queue.epochs.id(of: end))) }
    frame.appendEnd()
    send(frame, to: subscriber, then: .close)
    frames.put(frame)
  }

  /// A signal that a stream has everything up to an event.
  func signal(
    _ signal: StreamSignal, upTo sequence: UInt64, as format: StreamFormat
  ) -> [UInt8] {
    content(OwnEvent(signal, upTo: queue.epochs.id(of: sequence)), as: format)
  }

  /// Ends a stream as FastCGI has it, then closes the connection.
  func end(_ subscriber: Subscriber) {
    // In the middle of a frame nothing can be added: the web server takes the close for a break. Nor is it to
    // be taken for the end by one who has not got all that was there.
    if case .blocked = subscriber.state {
    } else if subscriber.isPoll {
    } else {
      sendHeldOpening(of: subscriber)
      if case .closed = subscriber.state { return }
      let frame = frames.take(requestID: subscriber.connection.requestID)
      frame.appendEnd()
      _ = try? frame.send(to: subscriber.connection)
      frames.put(frame)
    }
    subscriber.membership?.isEnded = true
    close(subscriber)
  }

  /// Forgets a subscriber; its connection closes.
  func close(_ subscriber: Subscriber) {
    switch subscriber.state {
    case .closed: return
    case .live(let slot): subscriber.audience.remove(slot: slot)
    case .joining, .waiting, .behind, .blocked, .pausing, .playing: break
    }
    if let membership = subscriber.membership { leave(subscriber, membership) }
    subscriber.state = .closed
    counts.add(to: .streamsClosed)
    subscribers.release(subscriber.token)
    subscriber.audience.subscriberCount -= 1
    if subscriber.audience.subscriberCount == 0 { audiences.remove(subscriber.audience) }
    log.info("stream closed", metadata: metadata(of: subscriber))
  }

  private func metadata(of subscriber: Subscriber) -> Logger.Metadata {
    let seconds = (Clock.monotonicNanoseconds() - subscriber.openedAt) / 1_000_000_000
    var metadata: Logger.Metadata = [
      "remote": "\(subscriber.remoteAddress)", "topics": "\(subscriber.audience.key.filter)",
      "seconds": "\(seconds)", "streams": "\(subscribers.count)",
    ]
    if let membership = subscriber.membership {
      metadata["group"] = "\(membership.entry.name)"
    }
    return metadata
  }
}
