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
      connection, slot: arrival.slot, token: subscribers.reserve(),
      remoteAddress: arrival.remoteAddress, audience: audience, joinsAt: arrival.joinsAt,
      counts: counts)
    subscriber.endsAt = endOfAge(from: subscriber.openedAt)
    counts.add(to: .streamsOpened)
    subscribers.insert(subscriber, at: subscriber.token)
    audience.subscriberCount += 1
    pacing.noteArrival()
    do {
      try watchConnection(of: subscriber, isNew: true, forRoom: false)
      log.info("stream opened", metadata: metadata(of: subscriber))
      try begin(subscriber, arrival)
    } catch let error as QueueError {
      note(error)
      close(subscriber)
    } catch {
      log.error("a stream cannot begin", metadata: ["error": "\(error)"])
      close(subscriber)
    }
  }

  private func begin(_ subscriber: Subscriber, _ arrival: Arrival) throws {
    let opening = frames.take(requestID: subscriber.connection.requestID)
    opening.append(records: arrival.opening)
    var content: [UInt8] = []
    let next: Subscriber.Continuation
    switch arrival.source {
    case .demo(let demo):
      demo.appendOpening(to: &content)
      next = .play(demo, nextAt: Clock.monotonicNanoseconds() + demo.interval.wholeNanoseconds)
    case .queue(let request):
      switch try Resumption(request.start, joinsAt: arrival.joinsAt, in: queue, &reader) {
      case .join(let sequence):
        if arrival.takesIDBlocks {
          content += checkpoint(sequence - 1)
          subscriber.toldSequence = sequence - 1
        }
        next = .join(at: sequence)
      case .replay(let sequence):
        counts.add(to: .replays)
        if request.start.isWithoutID, arrival.takesIDBlocks { content += checkpoint(sequence - 1) }
        subscriber.toldSequence = sequence - 1
        next = .catchUp(from: .event(Cursor(before: sequence)))
      case .afterGap(let gap):
        counts.add(to: .replays)
        opening.append(gap)
        subscriber.toldSequence = gap.oldest.sequence - 1
        next = .catchUp(from: .event(Cursor(before: gap.oldest.sequence)))
      }
    }
    opening.append(content)
    opening.close()
    send(opening, to: subscriber, then: next)
    frames.put(opening)
  }

  /// Goes on with a subscriber whose socket takes bytes.
  func proceed(_ subscriber: Subscriber, _ next: Subscriber.Continuation) {
    switch next {
    case .join(let sequence):
      subscriber.state = .joining(at: sequence)
      joining.append(subscriber)
    case .catchUp(from: .event(let cursor))
    where cursor.sequence == max(feed.sequence, subscriber.joinsAt):
      proceed(subscriber, .join(at: cursor.sequence))
    case .catchUp(let place):
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
    for subscriber in waiting {
      guard case .joining(let sequence) = subscriber.state else { continue }
      if sequence == feed.sequence {
        makeLive(subscriber)
      } else if sequence > feed.sequence {
        joining.append(subscriber)
      } else {
        proceed(subscriber, .catchUp(from: .event(Cursor(before: sequence))))
      }
    }
  }

  /// Ends a stream as FastCGI has it, then closes the connection.
  func end(_ subscriber: Subscriber) {
    // In the middle of a frame nothing can be added: the web server takes the close for the end.
    if case .blocked = subscriber.state {
    } else {
      let frame = frames.take(requestID: subscriber.connection.requestID)
      frame.appendEnd()
      _ = try? frame.send(to: subscriber.connection)
      frames.put(frame)
    }
    close(subscriber)
  }

  /// Forgets a subscriber; its connection closes.
  func close(_ subscriber: Subscriber) {
    switch subscriber.state {
    case .closed: return
    case .live(let slot): subscriber.audience.remove(slot: slot)
    case .joining, .behind, .blocked, .pausing, .playing: break
    }
    subscriber.state = .closed
    counts.add(to: .streamsClosed)
    subscribers.release(subscriber.token)
    subscriber.audience.subscriberCount -= 1
    if subscriber.audience.subscriberCount == 0 { audiences.remove(subscriber.audience) }
    log.info("stream closed", metadata: metadata(of: subscriber))
  }

  private func metadata(of subscriber: Subscriber) -> Logger.Metadata {
    let seconds = (Clock.monotonicNanoseconds() - subscriber.openedAt) / 1_000_000_000
    return [
      "remote": "\(subscriber.remoteAddress)", "topics": "\(subscriber.audience.key.filter)",
      "seconds": "\(seconds)", "streams": "\(subscribers.count)",
    ]
  }
}
