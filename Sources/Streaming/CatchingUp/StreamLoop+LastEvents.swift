import EventStream
import Figures
import FileQueue
import Kernel

/// How a subscriber gets the last events of its topics, and goes on with what was published since it came.
extension StreamLoop {
  /// Goes on with a subscriber's last events: looks for them a little further, or sends some; returns the bytes.
  func serve(_ last: LastEvents, to subscriber: Subscriber) -> Int {
    do throws(QueueError) {
      switch last {
      case .searched(let search): try look(for: search, of: subscriber)
      case .found(let sequences): return try send(sequences, to: subscriber)
      }
    } catch {
      subscriber.last = last
      pause(subscriber, error, then: .catchUp(from: subscriber.beginning))
    }
    return 0
  }

  private func look(for search: LastSearch, of subscriber: Subscriber) throws(QueueError) {
    var search = search
    // Nobody else holds it, so that a step copies nothing.
    subscriber.last = nil
    let unixNow = wall()
    let names = subscriber.audience.key.names
    try reader.step(&search) { record, bytes in
      record.expiresAt > unixNow && names.take(bytes.extracting(record.body))
    }
    guard search.isDone else {
      subscriber.last = .searched(search)
      return proceed(subscriber, .catchUp(from: subscriber.beginning))
    }
    let found = search.found
    subscriber.last = .found(found[...])
    // There may be nothing at all for it.
    if found.isEmpty, search.gap == nil, subscriber.heldOpening != nil {
      return proceed(subscriber, .catchUp(from: subscriber.beginning))
    }
    let next = found.first ?? subscriber.joinsAt
    let frame = takeFrame(for: subscriber)
    if let gap = search.gap {
      let event = event(of: gap, next: next)
      frame.append(gap: content(event.event, as: subscriber.audience.key.format), event.reason)
    } else if found.isEmpty, subscriber.takesIDBlocks {
      frame.append(checkpoint(next - 1))
    }
    frame.close()
    subscriber.toldSequence = next - 1
    subscriber.pageItemCount = frame.itemCount
    send(frame, to: subscriber, then: .catchUp(from: subscriber.beginning))
    frames.put(frame)
  }

  private func send(
    _ sequences: ArraySlice<UInt64>, to subscriber: Subscriber
  ) throws(QueueError) -> Int {
    if sequences.isEmpty {
      subscriber.last = nil
      proceed(subscriber, .catchUp(from: subscriber.beginning))
      return 0
    }
    let frame = takeFrame(for: subscriber)
    let isJSON = subscriber.audience.key.format != .eventStream
    defer { frames.put(frame) }
    let unixNow = wall()
    var largeSequence: UInt64?
    let count = try reader.read(
      sequences, byteCountMaximum: StreamLimits.frameByteCountMaximum
    ) { record, bytes in
      if record.expiresAt <= unixNow { return true }
      guard record.body.count <= StreamLimits.framedBodyByteCountMaximum,
        !isJSON || render(record, bytes, for: subscriber.audience.key)
      else {
        largeSequence = record.sequence
        return false
      }
      if isJSON {
        frame.append(line: line, expiresAt: record.expiresAt)
      } else {
        frame.append(pastEvent: bytes.extracting(record.body), expiresAt: record.expiresAt)
      }
      if let count = frame.itemCount, count >= StreamLimits.pageEventCountMaximum { return false }
      return frame.byteCount < StreamLimits.frameByteCountMaximum
    }
    subscriber.pageItemCount = frame.itemCount
    var next = subscriber.beginning
    if let largeSequence, let body = try reader.body(of: largeSequence) {
      next = .inside(body, sentByteCount: 0)
    }
    subscriber.last = .found(sequences[(sequences.startIndex + count)...])
    if count > 0 { subscriber.toldSequence = sequences[sequences.startIndex + count - 1] }
    guard !frame.isEmpty else {
      proceed(subscriber, .catchUp(from: next))
      return 0
    }
    frame.close()
    counts.add(frame.eventCount, to: .replayedEvents)
    send(frame, to: subscriber, then: .catchUp(from: next))
    return frame.byteCount
  }
}
