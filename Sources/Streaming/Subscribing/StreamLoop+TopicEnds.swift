import FileQueue

/// How streams end whose topics have all ended.
///
/// A browser comes back then, and is told with 204 to stay away; it may have to be told so by the loop, which
/// alone finds out that nothing is left of what the browser has not seen.
extension StreamLoop {
  /// Whether nothing behind an event will ever come for an audience.
  func hasEnded(_ audience: Audience, by sequence: UInt64) -> Bool {
    let filter = audience.key.filter
    return filter.patterns.isEmpty && queue.end(of: filter.topics, before: sequence + 1) != nil
  }

  /// Whether a stream that has been told nothing has nothing to come for it either.
  func isOverUnsaid(_ subscriber: Subscriber) -> Bool {
    subscriber.heldOpening != nil && hasEnded(subscriber.audience, by: feed.sequence - 1)
  }

  /// Ends the live streams of an audience that have been sent the end of its topics.
  func endLive(of audience: Audience) {
    audience.isOver = false
    for subscriber in audience.live.reversed() { end(subscriber) }
  }

  /// Ends a stream that has everything there was for it; with 204, where that was nothing.
  func endOver(_ subscriber: Subscriber) {
    if let held = subscriber.heldOpening.take() {
      let frame = frames.take(requestID: subscriber.connection.requestID)
      frame.append(records: held.instead)
      // An empty socket takes so little as a whole; who does not get it comes back.
      _ = try? frame.send(to: subscriber.connection)
      frames.put(frame)
      frames.put(held.frame)
    }
    end(subscriber)
  }

  /// Sends a stream's opening if it was held back.
  func sendHeldOpening(of subscriber: Subscriber) {
    guard let held = subscriber.heldOpening.take() else { return }
    // An empty socket takes so little as a whole.
    if (try? held.frame.send(to: subscriber.connection))
      != .transferred(byteCount: held.frame.byteCount)
    {
      close(subscriber)
    }
    frames.put(held.frame)
  }
}
