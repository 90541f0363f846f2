import EventStream
import FastCGI
import FileQueue
import Kernel
import Logging

/// How events get to subscribers.
extension StreamLoop {
  /// The audience's clock in the demo ticks so often, and begins after so long a silence.
  static let clockNanoseconds: Int64 = 2_000_000_000

  /// How often silent audiences are looked for.
  var heartbeatTick: Int64 {
    min(1_000_000_000, configuration.heartbeatInterval.wholeNanoseconds / 4 + 1)
  }

  // MARK: - A pass: queue to audiences to live subscribers

  /// Reads what has become durable, renders it once for each audience, and sends it.
  func runPass() {
    var writeCount = 0
    let audiences = audiences
    var touched: [Audience] = []
    var gap: QueueGap?
    do throws(QueueError) {
      let unixNow = Clock.unixMilliseconds()
      let outcome = try reader.read(
        from: &feed, byteCountMaximum: HubLimits.passByteCountMaximum
      ) { record, bytes in
        if record.expiresAt <= unixNow { return }
        let body = bytes.extracting(record.body)
        audiences.forEach(wanting: bytes.extracting(record.topic)) { audience in
          if audience.live.isEmpty { return }
          if audience.frame.isEmpty { touched.append(audience) }
          audience.frame.append(body)
        }
      }
      if case .gap(let found) = outcome { gap = found }
      feedPause.noteSuccess()
    } catch {
      note(error)
      feedPause.noteFailure(now: Clock.monotonicNanoseconds())
    }
    // Also after an error: the feed stands behind what was rendered before it.
    self.touched = touched
    if let gap { announce(gap) }
    let now = Clock.monotonicNanoseconds()
    for audience in touched {
      audience.lastPublishedAt = now
      writeCount += sendFrame(of: audience, now: now)
    }
    touched.removeAll(keepingCapacity: true)
    pacing.finishPass(now: Clock.monotonicNanoseconds(), writeCount: writeCount)
  }

  /// Tells every live subscriber of events that are gone, before those that follow.
  private func announce(_ gap: QueueGap) {
    for audience in audiences.all.values where !audience.live.isEmpty {
      if audience.frame.isEmpty { touched.append(audience) }
      var content: [UInt8] = []
      event(of: gap, next: feed.sequence).append(to: &content)
      audience.frame.append(content.span)
    }
  }

  private func event(of gap: QueueGap, next: UInt64) -> GapEvent {
    GapEvent(
      requested: "\(EventID(epoch: queue.epoch, sequence: gap.missing.lowerBound - 1))",
      oldest: EventID(epoch: queue.epoch, sequence: next), newest: queue.newestID,
      reason: gap.reason == .damaged ? .damaged : .expired)
  }

  /// Sends an audience's frame to its live subscribers; returns the number of writes.
  private func sendFrame(of audience: Audience, now: Int64) -> Int {
    let bytes = audience.frame.finish()
    let frame = Frame(bytes)
    audience.lastSentAt = now
    let count = audience.live.count
    // From the end, because a subscriber that leaves the list is replaced by the last one.
    for slot in stride(from: count - 1, through: 0, by: -1) {
      let subscriber = audience.live[slot]
      do {
        let sent = try subscriber.connection.send(bytes.span)
        if case .transferred(let byteCount) = sent, byteCount == bytes.count { continue }
        audience.remove(slot: slot)
        let byteCount = if case .transferred(let some) = sent { some } else { 0 }
        block(subscriber, frame, sentByteCount: byteCount, then: .catchUp(from: feed))
      } catch {
        close(subscriber)
      }
    }
    return count
  }

  // MARK: - One subscriber

  /// Sends a frame to a subscriber that is not live, and goes on when it is sent.
  func send(_ frame: Frame, to subscriber: Subscriber, then next: Subscriber.Continuation) {
    let bytes = frame.bytes
    do {
      let sent = try subscriber.connection.send(bytes.span)
      if case .transferred(let byteCount) = sent, byteCount == bytes.count {
        return proceed(subscriber, next)
      }
      let byteCount = if case .transferred(let some) = sent { some } else { 0 }
      block(subscriber, frame, sentByteCount: byteCount, then: next)
    } catch {
      close(subscriber)
    }
  }

  private func block(
    _ subscriber: Subscriber, _ frame: Frame, sentByteCount: Int,
    then next: Subscriber.Continuation
  ) {
    subscriber.state = .blocked(frame, sentByteCount: sentByteCount, then: next)
    do {
      try watchConnection(of: subscriber, isNew: false, forRoom: true)
    } catch {
      close(subscriber)
    }
  }

  /// Sends the rest of a frame to a subscriber whose socket has room again.
  func resume(_ subscriber: Subscriber) {
    guard case .blocked(let frame, let done, let next) = subscriber.state else { return }
    let bytes = frame.bytes
    do {
      let sent = try subscriber.connection.send(bytes.span.extracting(done...))
      guard case .transferred(let byteCount) = sent else { return }
      guard done + byteCount == bytes.count else {
        subscriber.state = .blocked(frame, sentByteCount: done + byteCount, then: next)
        return
      }
      try watchConnection(of: subscriber, isNew: false, forRoom: false)
      proceed(subscriber, next)
    } catch {
      close(subscriber)
    }
  }

  /// Gives subscribers that are behind a turn each.
  func serveBehind() {
    let turns = behind.prefix(HubLimits.turnsPerPassCountMaximum)
    behind.removeFirst(turns.count)
    for subscriber in turns {
      guard case .behind(let cursor) = subscriber.state else { continue }
      catchUp(subscriber, from: cursor)
    }
  }

  /// Sends a subscriber what the queue has for it, up to where the loop's feed is.
  private func catchUp(_ subscriber: Subscriber, from start: Cursor) {
    var cursor = start
    guard cursor.sequence < feed.sequence else {
      return proceed(subscriber, .join(at: cursor.sequence))
    }
    let filter = subscriber.audience.key.filter
    var frame = OutputFrame(requestID: subscriber.connection.requestID)
    do throws(QueueError) {
      let unixNow = Clock.unixMilliseconds()
      let outcome = try reader.read(
        from: &cursor, upTo: feed.sequence, matching: filter,
        byteCountMaximum: HubLimits.turnByteCountMaximum
      ) { record, bytes in
        if record.expiresAt <= unixNow { return }
        frame.append(bytes.extracting(record.body))
      }
      if case .gap(let gap) = outcome {
        var content: [UInt8] = []
        event(of: gap, next: cursor.sequence).append(to: &content)
        frame.append(content.span)
      }
      subscriber.readPause.noteSuccess()
    } catch {
      // What was rendered before it is sent now; the next turn meets the error at once.
      if frame.isEmpty { return pause(subscriber, error, then: .catchUp(from: cursor)) }
    }
    if frame.isEmpty { return proceed(subscriber, .catchUp(from: cursor)) }
    send(Frame(frame.finish()), to: subscriber, then: .catchUp(from: cursor))
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

  // MARK: - Timers

  /// Does what is due.
  func runTimers() {
    let now = Clock.monotonicNanoseconds()
    while let timer = timers.min, timer.deadline <= now {
      timers.removeMin()
      switch timer.task {
      case .heartbeat:
        sendHeartbeats(now: now)
        timers.insert(LoopTimer(deadline: now + heartbeatTick, task: .heartbeat))
      case .clock:
        showClock(now: now)
      case .play(let token):
        if let subscriber = subscribers.element(token) { play(subscriber, now: now) }
      case .goOn(let token):
        if let subscriber = subscribers.element(token),
          case .pausing(let next) = subscriber.state
        {
          proceed(subscriber, next)
        }
      case .age: endAged(now: now)
      case .drain: drain(now: now)
      }
    }
  }

  private func sendHeartbeats(now: Int64) {
    let interval = configuration.heartbeatInterval.wholeNanoseconds
    for audience in audiences.all.values
    where !audience.live.isEmpty && now - audience.lastSentAt >= interval {
      var comment: [UInt8] = []
      EventStreamWriter.appendComment("", to: &comment)
      audience.frame.append(comment.span)
      _ = sendFrame(of: audience, now: now)
    }
  }

  /// Shows the time to those who read the default topic, when nothing was published for a while.
  private func showClock(now: Int64) {
    var next = now + Self.clockNanoseconds
    for audience in audiences.all.values where !audience.live.isEmpty {
      guard audience.key.filter.topics == [.default], audience.key.filter.patterns.isEmpty else {
        continue
      }
      let due = audience.lastPublishedAt + Self.clockNanoseconds
      if due > now {
        next = min(next, due)
        continue
      }
      var content: [UInt8] = []
      DemoSource.appendClock(to: &content)
      audience.frame.append(content.span)
      _ = sendFrame(of: audience, now: now)
    }
    timers.insert(LoopTimer(deadline: next, task: .clock))
  }

  /// Sends the next event of a subscriber's demo if it is time, and else a heartbeat.
  private func play(_ subscriber: Subscriber, now: Int64) {
    guard case .playing(var demo, var nextAt) = subscriber.state else { return }
    var content: [UInt8] = []
    if nextAt <= now {
      demo.appendNext(to: &content)
      nextAt = now + demo.interval.wholeNanoseconds
    } else {
      EventStreamWriter.appendComment("", to: &content)
    }
    var frame = OutputFrame(requestID: subscriber.connection.requestID)
    frame.append(content.span)
    send(Frame(frame.finish()), to: subscriber, then: .play(demo, nextAt: nextAt))
  }
}
