import EventStream
import FastCGI
import Figures
import FileQueue
import Kernel

/// A pass: from the queue to audiences to live subscribers.
extension StreamLoop {
  /// Reads what has become durable, renders it once for each audience, and sends it.
  func runPass() {
    let start = feed
    var touched: [Audience] = []
    var gap: QueueGap?
    do throws(QueueError) {
      gap = try readFeed(&touched)
      feedPause.noteSuccess()
    } catch {
      note(error)
      feedPause.noteFailure(now: Clock.monotonicNanoseconds())
    }
    // Also after an error: the feed stands behind what was rendered before it.
    if let gap { announce(gap, &touched) }
    send(to: touched, from: start)
  }

  /// Moves the feed on until a frame is full, all is read, or something is missing, which is
  /// returned; what nobody here wants fills no frame.
  private func readFeed(_ touched: inout [Audience]) throws(QueueError) -> QueueGap? {
    let audiences = audiences
    let unixNow = wall()
    var fullestByteCount = 0
    var renderedByteCount = 0
    // Where one event is rendered for thousands of audiences, little is read at once.
    let share = max(
      StreamLimits.passReadByteCountMinimum,
      StreamLimits.passRenderedByteCountMaximum / max(1, audiences.all.count))
    for _ in 0..<StreamLimits.passReadCountMaximum {
      let room = min(StreamLimits.frameByteCountMaximum - fullestByteCount, share)
      guard room > 0, renderedByteCount < StreamLimits.passRenderedByteCountMaximum else {
        return nil
      }
      let outcome = try reader.read(from: &feed, byteCountMaximum: room) { record, bytes in
        let isExpired = record.expiresAt <= unixNow
        let isEnd = record.isEnd(in: bytes)
        if isExpired, !isEnd { return }
        let body = bytes.extracting(record.body)
        let lag = unixNow - record.unixMilliseconds
        audiences.forEach(wanting: record, bytes) { audience in
          if audience.live.isEmpty { return }
          if isEnd, audience.hasOneTopic || hasEnded(audience, by: record.sequence) {
            _ = frame(of: audience, &touched)
            audience.isOver = true
          }
          if isExpired || audience.largeSequence != nil { return }
          if !audience.key.names.take(body) { return }
          let frame = frame(of: audience, &touched)
          let isJSON = audience.key.format != .eventStream
          if body.count > StreamLimits.framedBodyByteCountMaximum
            || renderedByteCount >= StreamLimits.passRenderedByteCountMaximum
            || (isJSON && !render(record, bytes, for: audience.key))
          {
            audience.largeSequence = record.sequence
          } else {
            if isJSON {
              frame.append(line: line, expiresAt: record.expiresAt)
              renderedByteCount += line.count
            } else {
              frame.append(event: body, expiresAt: record.expiresAt)
              renderedByteCount += body.count
            }
            frame.noteLag(milliseconds: lag)
            fullestByteCount = max(fullestByteCount, frame.byteCount)
            audience.frameSequence = record.sequence
          }
        }
      }
      switch outcome {
      case .gap(let gap): return gap
      case .caughtUp: return nil
      case .more: continue
      }
    }
    return nil
  }

  /// The frame that an audience is sent in this pass.
  private func frame(of audience: Audience, _ touched: inout [Audience]) -> Frame {
    if let frame = audience.frame { return frame }
    let frame = frames.take(requestID: audience.key.requestID)
    audience.frame = frame
    touched.append(audience)
    return frame
  }

  /// Tells every live subscriber of events that are gone, before those that follow.
  private func announce(_ gap: QueueGap, _ touched: inout [Audience]) {
    let event = event(of: gap, next: feed.sequence)
    for audience in audiences.all.values where !audience.live.isEmpty {
      // Whoever reads from the queue meets it there.
      if audience.largeSequence == nil {
        frame(of: audience, &touched)
          .append(gap: content(event.event, as: audience.key.format), event.reason)
      }
    }
  }

  /// What a subscriber is told of events that are gone; `next` is the first one that is there.
  func event(of gap: QueueGap, next: UInt64) -> GapEvent {
    GapEvent(
      requested: "\(queue.epochs.id(of: gap.missing.lowerBound - 1))",
      next: next, in: queue,
      reason: gap.reason == .damaged ? .damaged : .expired)
  }

  /// Sends the frames of a pass that began at `start`.
  private func send(to touched: [Audience], from start: Cursor) {
    let now = Clock.monotonicNanoseconds()
    let sent = touched.filter { !turnsToQueue($0, from: start) }
    pacing.begin(now: now, writeCount: sent.reduce(0) { $0 + $1.live.count })
    var writeCount = 0
    for audience in sent {
      audience.lastPublishedAt = now
      let count = audience.live.count
      sendFrame(of: audience, now: now, firstWrite: writeCount)
      writeCount += count
      readLargeEvent(audience)
      if audience.isOver { endLive(of: audience) }
    }
    pacing.end(now: Clock.monotonicNanoseconds())
  }

  /// Has an audience's subscribers read from the queue what the pass has for them, in turns, if it is
  /// so much that the other audiences would have to wait for it.
  private func turnsToQueue(_ audience: Audience, from start: Cursor) -> Bool {
    guard let frame = audience.frame, audiences.all.count > 1,
      frame.byteCount > StreamLimits.framedBodyByteCountMaximum,
      frame.byteCount * audience.live.count > StreamLimits.bulkByteCountMaximum
    else { return false }
    audience.frame = nil
    audience.frameSequence = nil
    audience.largeSequence = nil
    audience.isOver = false
    frames.put(frame)
    for subscriber in audience.removeAll() {
      proceed(subscriber, .catchUp(from: .event(start)))
    }
    return true
  }

  /// Sends an audience's frame to its live subscribers.
  ///
  /// - Parameter firstWrite: how many writes the pass has made before; nil outside of passes.
  func sendFrame(of audience: Audience, now: Int64, firstWrite: Int? = nil) {
    guard let frame = audience.frame.take() else { return }
    if let sequence = audience.frameSequence.take() { audience.toldSequence = sequence }
    if frame.isEmpty { return frames.put(frame) }
    frame.close()
    audience.lastSentAt = now
    let byteCount = frame.byteCount
    // Where an event is too large for the frame, it comes next for whoever has not got all of this.
    let next = audience.largeSequence.map { Subscriber.Continuation.join(at: $0) }
    // From the end, because a subscriber that leaves the list is replaced by the last one.
    let count = audience.live.count
    var wholeCount = 0
    var fallCount = 0
    for slot in stride(from: count - 1, through: 0, by: -1) {
      let subscriber = audience.live[slot]
      if let firstWrite, pacing.wantsSample(firstWrite + count - 1 - slot),
        subscriber.connection.isDrained
      {
        pacing.note(subscriber.token)
      }
      do {
        let sent = try frame.send(to: subscriber.connection)
        if case .transferred(byteCount) = sent {
          wholeCount += 1
          continue
        }
        audience.remove(slot: slot)
        let done = if case .transferred(let some) = sent { some } else { 0 }
        fallCount += 1
        noteFall(of: subscriber)
        counts.notePart(byteCount: done)
        block(subscriber, frame, sentByteCount: done, then: next ?? .catchUp(from: .event(feed)))
      } catch {
        close(subscriber)
      }
    }
    counts.noteWhole(frame, byteCount: byteCount, subscriberCount: wholeCount)
    // Also to those who have a part of it, and get the rest.
    for lag in frame.lags {
      counts.noteLag(
        milliseconds: lag.milliseconds,
        subscriberCount: lag.eventCount * (wholeCount + fallCount))
    }
    frames.put(frame)
  }

  /// Has the live subscribers of an audience read from the queue, from an event on that is too large
  /// for a frame or the pass.
  private func readLargeEvent(_ audience: Audience) {
    guard let sequence = audience.largeSequence.take() else { return }
    for subscriber in audience.removeAll() {
      proceed(subscriber, .catchUp(from: .event(Cursor(before: sequence))))
    }
  }
}
