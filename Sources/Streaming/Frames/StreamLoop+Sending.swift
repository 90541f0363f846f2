import FastCGI
import Figures
import Kernel

/// Sending to one subscriber.
extension StreamLoop {
  /// Sends a frame to a subscriber that is not live, and goes on when it is sent.
  func send(_ frame: Frame, to subscriber: Subscriber, then next: Subscriber.Continuation) {
    sendHeldOpening(of: subscriber)
    if case .closed = subscriber.state { return }
    do {
      let sent = try frame.send(to: subscriber.connection)
      if case .transferred(frame.byteCount) = sent {
        counts.noteWhole(frame, byteCount: frame.byteCount)
        return proceed(subscriber, next)
      }
      let done = if case .transferred(let some) = sent { some } else { 0 }
      noteFall(of: subscriber)
      counts.notePart(byteCount: done)
      block(subscriber, frame, sentByteCount: done, then: next)
    } catch {
      close(subscriber)
    }
  }

  /// Counts that a stream that had everything falls behind, because its socket is full.
  func noteFall(of subscriber: Subscriber) {
    guard subscriber.keepsUp else { return }
    subscriber.keepsUp = false
    counts.add(to: .falls)
  }

  /// Has a subscriber wait until its socket takes the rest of a frame.
  func block(
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
    guard case .blocked(let held, let done, let next) = subscriber.state else { return }
    let frame =
      held.hasExpired(from: done, wall)
      ? held.withoutExpired(from: done, as: subscriber.audience.key.format, wall) : held
    do {
      let sent = try frame.send(to: subscriber.connection, from: done)
      guard case .transferred(let byteCount) = sent else { return }
      guard done + byteCount == frame.byteCount else {
        counts.notePart(byteCount: byteCount)
        subscriber.state = .blocked(frame, sentByteCount: done + byteCount, then: next)
        return
      }
      counts.noteWhole(frame, byteCount: byteCount)
      try watchConnection(of: subscriber, isNew: false, forRoom: false)
      proceed(subscriber, next)
    } catch {
      close(subscriber)
    }
  }
}
