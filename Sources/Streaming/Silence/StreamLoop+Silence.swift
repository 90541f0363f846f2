import EventStream
import FastCGI
import Figures
import FileQueue
import HeapModule
import Kernel

/// What is sent when nothing is published: heartbeats, checkpoints, the demo.
extension StreamLoop {
  /// The clock in the demo ticks so often, and begins after so long a silence.
  private static let clockNanoseconds: Int64 = 2_000_000_000

  /// Does what is due.
  func runTimers() {
    guard let first = timers.min else { return }
    let now = Clock.monotonicNanoseconds()
    if first.deadline > now { return }
    while let timer = timers.min, timer.deadline <= now {
      timers.removeMin()
      switch timer.task {
      case .silence(let reference):
        guard let audience = reference.audience else { continue }
        audience.hasTimer = false
        breakSilence(of: audience, now: now)
      case .others:
        breakSilenceOfOthers(now: now)
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
      case .members: lookAtMembers()
      case .age: endAged(now: now)
      case .review: reviewNext(now: now)
      case .drain: drain(now: now)
      }
    }
  }

  /// Makes a subscriber live that has everything the feed has read.
  func makeLive(_ subscriber: Subscriber) {
    let audience = subscriber.audience
    if hasEnded(audience, by: feed.sequence - 1) { return endOver(subscriber) }
    sendHeldOpening(of: subscriber)
    if case .closed = subscriber.state { return }
    subscriber.keepsUp = true
    if audience.live.isEmpty { audience.lastSentAt = Clock.monotonicNanoseconds() }
    audience.add(subscriber)
    watchSilence(of: audience)
  }

  /// Waits for silences that are as long as is wanted now.
  func restartSilences(now: Int64) {
    removeTimers {
      switch $0 {
      case .silence, .others: true
      default: false
      }
    }
    for audience in audiences.all.values {
      audience.hasTimer = false
      if !audience.live.isEmpty { watchSilence(of: audience) }
    }
    breakSilenceOfOthers(now: now)
  }

  /// Forgets timers of a kind.
  func removeTimers(_ isOfKind: (LoopTimer.Task) -> Bool) {
    timers = Heap(timers.unordered.filter { !isOfKind($0.task) })
  }

  private func watchSilence(of audience: Audience) {
    if audience.hasTimer { return }
    audience.hasTimer = true
    let deadline = audience.lastSentAt + configuration.heartbeatInterval.wholeNanoseconds
    // A timer of an audience that is gone is gone at the latest then.
    let latest =
      Clock.monotonicNanoseconds() + StreamLimits.silenceLookInterval.wholeNanoseconds
    timers.insert(
      LoopTimer(deadline: min(deadline, latest), task: .silence(.init(audience: audience))))
  }

  /// Sends a heartbeat to an audience that has been silent for so long, with a checkpoint where that
  /// spares its subscribers something when they come back.
  private func breakSilence(of audience: Audience, now: Int64) {
    if audience.live.isEmpty { return }
    if now - audience.lastSentAt >= configuration.heartbeatInterval.wholeNanoseconds {
      let content = heartbeat(for: audience)
      counts.add(audience.live.count, to: .heartbeats)
      send(content, to: audience, now: now)
    }
    watchSilence(of: audience)
  }

  private func heartbeat(for audience: Audience) -> [UInt8] {
    if audience.key.hasHeartbeats {
      let newest = feed.sequence - 1
      audience.toldSequence = newest
      return signal(.heartbeat, upTo: newest, as: audience.key.format)
    }
    var content = audience.key.format.heartbeat
    if audience.key.format == .eventStream { appendCheckpoint(for: audience, to: &content) }
    return content
  }

  /// The sign of life for one who is not live: what it has may be told it, but not the newest id.
  private func heartbeat(for subscriber: Subscriber) -> [UInt8] {
    let key = subscriber.audience.key
    guard key.hasHeartbeats, key.format != .page, let place = subscriber.place else {
      return key.format.heartbeat
    }
    return signal(.heartbeat, upTo: place - 1, as: key.format)
  }

  /// Tells an audience the newest id where its subscribers are better off with it: the id of an event long
  /// ago may have left the queue when they come back.
  private func appendCheckpoint(for audience: Audience, to content: inout [UInt8]) {
    let newest = feed.sequence - 1
    if let told = audience.toldSequence, newest < told + StreamLimits.checkpointEventCount {
      return
    }
    content += checkpoint(newest)
    audience.toldSequence = newest
  }

  /// A block that sets a stream's last event id and dispatches nothing; empty where they are not wanted.
  func checkpoint(_ sequence: UInt64) -> [UInt8] {
    guard configuration.sendsCheckpoints else { return [] }
    return Array("id: \(queue.epochs.id(of: sequence))\n\n".utf8)
  }

  /// Sends a heartbeat to those who are not live and hear nothing: the queue cannot be read, or has
  /// nothing for them for long.
  func breakSilenceOfOthers(now: Int64) {
    for subscriber in subscribers.all where mayHearComment(subscriber) {
      let frame = frames.take(requestID: subscriber.connection.requestID)
      frame.append(heartbeat(for: subscriber))
      frame.close()
      // An empty socket takes so little as a whole.
      if (try? frame.send(to: subscriber.connection)) == .transferred(byteCount: frame.byteCount) {
        counts.add(to: .heartbeats)
        counts.noteWhole(frame, byteCount: frame.byteCount)
      } else {
        close(subscriber)
      }
      frames.put(frame)
    }
    reader.closeRemovedSegments(except: feed)
    let deadline = now + configuration.heartbeatInterval.wholeNanoseconds
    timers.insert(LoopTimer(deadline: deadline, task: .others))
  }

  /// Whether a subscriber waits between two events and has read all that it was sent.
  private func mayHearComment(_ subscriber: Subscriber) -> Bool {
    if subscriber.heldOpening != nil { return false }
    return switch subscriber.state {
    case .joining, .waiting, .behind(.event), .behind(.assigned),
      .pausing(then: .catchUp(from: .event)), .pausing(then: .catchUp(from: .assigned)):
      subscriber.connection.isDrained
    case .live, .behind(.inside), .pausing, .blocked, .playing, .closed:
      false
    }
  }

  private func send(_ content: [UInt8], to audience: Audience, now: Int64) {
    let frame = frames.take(requestID: audience.key.requestID)
    frame.append(content)
    audience.frame = frame
    sendFrame(of: audience, now: now)
  }

  // MARK: - The demo

  func startClock() {
    let deadline = Clock.monotonicNanoseconds() + Self.clockNanoseconds
    timers.insert(LoopTimer(deadline: deadline, task: .clock))
  }

  /// Shows the time to those who read the default topic, when nothing was published for a while.
  private func showClock(now: Int64) {
    var next = now + Self.clockNanoseconds
    for audience in audiences.all.values where !audience.live.isEmpty {
      let key = audience.key
      guard key.filter.topics == [.default], key.filter.patterns.isEmpty, key.names == nil,
        key.format == .eventStream
      else { continue }
      let due = audience.lastPublishedAt + Self.clockNanoseconds
      if due > now {
        next = min(next, due)
        continue
      }
      var content: [UInt8] = []
      DemoSource.appendClock(to: &content)
      send(content, to: audience, now: now)
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
    let frame = frames.take(requestID: subscriber.connection.requestID)
    frame.append(content)
    frame.close()
    send(frame, to: subscriber, then: .play(demo, nextAt: nextAt))
    frames.put(frame)
  }
}
