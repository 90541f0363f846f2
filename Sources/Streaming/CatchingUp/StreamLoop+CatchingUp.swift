import EventStream
import FastCGI
import Figures
import FileQueue
import Kernel
import Logging

/// How subscribers that are behind get what the queue has for them, each at its own pace.
extension StreamLoop {
  /// Gives subscribers that are behind a turn each, or more, until the web server has enough to do.
  func serveBehind() {
    let now = Clock.monotonicNanoseconds()
    replayPacing.begin(now: now, writeCount: StreamLimits.pacingSampleCountMaximum)
    var byteCount = 0
    var turnCount = 0
    while byteCount < StreamLimits.replayRoundByteCountMaximum,
      turnCount < StreamLimits.replayRoundTurnCountMaximum,
      Clock.monotonicNanoseconds() - now < StreamLimits.replayRoundDuration.wholeNanoseconds,
      let token = behind.popFirst()
    {
      guard let subscriber = subscribers.element(token), case .behind(let place) = subscriber.state
      else { continue }
      if turnCount < StreamLimits.pacingSampleCountMaximum, subscriber.connection.isDrained {
        replayPacing.note(subscriber.token)
      }
      turnCount += 1
      switch place {
      case .event(let cursor): byteCount += catchUp(subscriber, from: cursor, now: now)
      case .inside(let body, let done): byteCount += sendPiece(of: body, from: done, to: subscriber)
      case .assigned: byteCount += sendAssigned(to: subscriber)
      }
    }
    replayPacing.end(now: Clock.monotonicNanoseconds())
    if behind.isEmpty {
      replayTurns.removeAll()
      // What retention removes is not kept on disk for an open file.
      reader.closeSegments(except: feed)
    }
  }

  /// Sends a subscriber what the queue has for it, up to where the loop's feed is, and all of its past;
  /// returns the bytes.
  private func catchUp(_ subscriber: Subscriber, from start: Cursor, now: Int64) -> Int {
    if isPageFull(subscriber) {
      finish(subscriber)
      return 0
    }
    if let last = subscriber.last { return serve(last, to: subscriber) }
    let joinsAt = subscriber.joinsAt
    let end = pastEnd(of: subscriber)
    guard start.sequence < end else {
      proceed(subscriber, .join(at: start.sequence))
      return 0
    }
    let audience = subscriber.audience
    // A page is one subscriber's own.
    let isShared = subscriber.pageItemCount == nil
    let turn: ReplayTurns.Turn
    if isShared,
      let known = replayTurns.turn(
        of: audience, from: start.sequence, upTo: subscriber.isPoll ? end : .max, joinsAt: joinsAt,
        now: now, wall)
    {
      turn = known
    } else {
      do throws(QueueError) {
        turn = try makeTurn(for: subscriber, from: start, upTo: end, now: now)
      } catch {
        pause(subscriber, error, then: .catchUp(from: .event(start)))
        return 0
      }
      if isShared, turn.isOn(from: start.sequence) { replayTurns.note(turn, from: start.sequence) }
    }
    subscriber.readPause.noteSuccess()
    if let sequence = turn.lastSequence { subscriber.toldSequence = sequence }
    guard let frame = turn.frame else {
      proceed(subscriber, .catchUp(from: turn.next))
      return 0
    }
    if !isShared { subscriber.pageItemCount = frame.itemCount }
    counts.add(frame.eventCount, to: .replayedEvents)
    send(frame, to: subscriber, then: .catchUp(from: turn.next))
    return frame.byteCount
  }

  /// Reads and renders what a subscriber, and others of its audience, are sent next from a place on.
  private func makeTurn(
    for subscriber: Subscriber, from start: Cursor, upTo end: UInt64, now: Int64
  ) throws(QueueError) -> ReplayTurns.Turn {
    let audience = subscriber.audience
    let joinsAt = subscriber.joinsAt
    let isJSON = audience.key.format != .eventStream
    var cursor = start
    let names = audience.key.names
    var retries = ReplayTurns.Retries()
    let frame = takeFrame(for: subscriber)
    var lastSequence: UInt64?
    var largeSequence: UInt64?
    // The first event that has no place in a page.
    var nextSequence: UInt64?
    do throws(QueueError) {
      let unixNow = wall()
      let outcome = try reader.read(
        from: &cursor, upTo: end, matching: audience.key.filter,
        byteCountMaximum: StreamLimits.frameByteCountMaximum
      ) { record, bytes in
        if record.expiresAt <= unixNow || largeSequence != nil || nextSequence != nil { return }
        let body = bytes.extracting(record.body)
        if !names.take(body) { return }
        if let count = frame.itemCount, count >= StreamLimits.pageEventCountMaximum {
          nextSequence = record.sequence
        } else if record.body.count > StreamLimits.framedBodyByteCountMaximum
          || (isJSON && !render(record, bytes, for: audience.key))
        {
          largeSequence = record.sequence
        } else if isJSON {
          frame.append(line: line, expiresAt: record.expiresAt)
          lastSequence = record.sequence
        } else {
          if let retry = EventStreamWriter.retryLine(in: body),
            !retries.isSent(of: record.sequence, joinsAt: joinsAt)
          {
            frame.append(event: body, without: retry, expiresAt: record.expiresAt)
          } else {
            frame.append(event: body, expiresAt: record.expiresAt)
          }
          lastSequence = record.sequence
        }
      }
      // A page that is full goes on before it.
      if case .gap(let gap) = outcome, largeSequence == nil, nextSequence == nil,
        frame.itemCount.map({ $0 < StreamLimits.pageEventCountMaximum }) ?? true
      {
        let event = event(of: gap, next: cursor.sequence)
        frame.append(gap: content(event.event, as: audience.key.format), event.reason)
        lastSequence = cursor.sequence - 1
      }
    } catch {
      // What was rendered before it is sent now; the next turn meets the error at once.
      if frame.isEmpty, largeSequence == nil { throw error }
    }
    frame.close()
    var next = Subscriber.Place.event(nextSequence.map { Cursor(before: $0) } ?? cursor)
    if let largeSequence {
      if let body = try reader.body(of: largeSequence) {
        next = .inside(body, sentByteCount: 0)
      } else {
        // Gone since it was read: the next turn finds out and tells.
        next = .event(Cursor(before: largeSequence))
      }
    }
    return ReplayTurns.Turn(
      of: audience, frame: frame.isEmpty ? nil : frame, next: next, lastSequence: lastSequence,
      retries: retries, now: now)
  }

  /// Sends a subscriber the next piece of a large event; returns the bytes.
  private func sendPiece(of body: RecordBody, from done: Int, to subscriber: Subscriber) -> Int {
    if done == 0, body.expiresAt <= wall() {
      subscriber.membership?.noteDropped()
      proceed(subscriber, .catchUp(from: place(behind: body, of: subscriber)))
      return 0
    }
    if subscriber.audience.key.format != .eventStream {
      return sendJSONPiece(of: body, from: done, to: subscriber)
    }
    // What its own past has told browsers to wait is not for it.
    let isPast = body.next.sequence <= subscriber.joinsAt
    let frame = frames.take(requestID: subscriber.connection.requestID)
    if done == 0, let next = subscriber.membership?.assigned.first {
      Self.appendMark(of: next, to: frame)
    }
    let sent = done + min(StreamLimits.pieceByteCountMaximum, body.byteCount - done)
    var isThere = false
    do throws(QueueError) {
      try reader.read(body, from: done, byteCountMaximum: StreamLimits.pieceByteCountMaximum) {
        isThere = true
        var rest = $0
        if done == 0, isPast, let retry = EventStreamWriter.retryLine(in: rest) {
          frame.append(rest.extracting(..<retry.lowerBound))
          rest = rest.extracting(retry.upperBound...)
        }
        if sent == body.byteCount { frame.append(lastPiece: rest) } else { frame.append(rest) }
      }
    } catch {
      pause(subscriber, error, then: .catchUp(from: .inside(body, sentByteCount: done)))
      return 0
    }
    guard isThere else {
      // Retention has removed what it was in the middle of; coming back, it is told.
      close(subscriber)
      return 0
    }
    let next: Subscriber.Place =
      sent == body.byteCount
      ? noteWhole(body, in: frame, of: subscriber) : .inside(body, sentByteCount: sent)
    frame.close()
    counts.add(frame.eventCount, to: .replayedEvents)
    send(frame, to: subscriber, then: .catchUp(from: next))
    defer { frames.put(frame) }
    return frame.byteCount
  }

  /// Notes that the last piece of a large event is in a frame; returns where the subscriber goes on.
  func noteWhole(
    _ body: RecordBody, in frame: Frame, of subscriber: Subscriber
  ) -> Subscriber.Place {
    subscriber.membership?.noteFramed(end: frame.byteCount)
    if subscriber.last == nil { subscriber.toldSequence = body.next.sequence - 1 }
    return place(behind: body, of: subscriber)
  }

  /// Where a subscriber goes on behind a large event.
  private func place(behind body: RecordBody, of subscriber: Subscriber) -> Subscriber.Place {
    subscriber.membership == nil ? .event(body.next) : .assigned
  }

  // MARK: - Failures

  /// Logs an error of the queue, unless it repeats itself.
  func note(_ error: QueueError) {
    if let report = failures.report(error, now: Clock.monotonicNanoseconds()) {
      log.error("the queue cannot be read", metadata: ["error": "\(report)"])
    }
  }

  /// Leaves the queue alone for a subscriber for whom it could not be read, for a while.
  func pause(
    _ subscriber: Subscriber, _ error: QueueError, then next: Subscriber.Continuation
  ) {
    note(error)
    let now = Clock.monotonicNanoseconds()
    subscriber.readPause.noteFailure(now: now)
    subscriber.state = .pausing(then: next)
    timers.insert(
      LoopTimer(
        deadline: now + subscriber.readPause.delay(now: now), task: .goOn(subscriber.token)))
  }
}
