import EventStream
import FastCGI
import Figures
import Kernel

/// Records on their way to one or more subscribers: rendered once, sent by all who are that far.
///
/// Belongs to one stream loop. Nothing is appended once it is being sent.
final class Frame {
  private var output: OutputFrame
  /// Events whose last byte is in it.
  private(set) var eventCount = 0
  /// What is in the page that it goes on with, up to its end; nil where it is for none.
  var itemCount: Int?
  /// Why events are missing, where it tells so.
  private(set) var gap: GapReason?
  /// How old events were when they were rendered for live subscribers, in milliseconds, and how many
  /// events in a row were so old.
  private(set) var lags: [(milliseconds: Int64, eventCount: Int)] = []
  /// Where events lie that stop being delivered, and when, in milliseconds since 1970.
  private var expiring: [(place: Range<Int>, expiresAt: Int64)] = []

  init(requestID: UInt16) {
    output = OutputFrame(requestID: requestID)
  }

  var isEmpty: Bool { output.isEmpty }
  var byteCount: Int { output.byteCount }
  /// Bytes that the frame keeps memory for.
  var capacity: Int { output.capacity }

  func append(_ content: Span<UInt8>) { output.append(content) }
  func append(_ content: [UInt8]) { output.append(content.span) }
  /// Appends the last piece of an event.
  func append(lastPiece body: Span<UInt8>) {
    output.append(body)
    eventCount += 1
  }

  /// Appends an event.
  ///
  /// - Parameter expiresAt: when it stops being delivered, in milliseconds since 1970.
  func append(event body: Span<UInt8>, expiresAt: Int64) {
    beginItem()
    let start = output.contentOffset
    output.append(body)
    eventCount += 1
    // An item of a page cannot be taken out: the next one's comma stands for it, too.
    if expiresAt != .max, itemCount == nil {
      expiring.append((start..<output.byteCount, expiresAt))
    }
  }

  /// Appends a piece of a large event as JSON.
  func append(piece: [UInt8], isFirst: Bool) {
    if isFirst { beginItem() }
    output.append(piece)
  }

  /// Appends an event that has been rendered as JSON.
  func append(line: [UInt8], expiresAt: Int64) { append(event: line.span, expiresAt: expiresAt) }

  /// Notes that the last byte of a large event is in it.
  func noteEvent() { eventCount += 1 }

  /// Appends one of weir's own events.
  func append(own event: [UInt8]) {
    beginItem()
    output.append(event)
  }

  private func beginItem() {
    guard let count = itemCount else { return }
    if count > 0 { output.append([UInt8(ascii: ",")]) }
    itemCount = count + 1
  }

  /// Appends an event without a line of it.
  func append(event body: Span<UInt8>, without line: Range<Int>, expiresAt: Int64) {
    let start = output.contentOffset
    output.append(body.extracting(..<line.lowerBound))
    output.append(body.extracting(line.upperBound...))
    eventCount += 1
    if expiresAt != .max { expiring.append((start..<output.byteCount, expiresAt)) }
  }

  /// Appends an event that is older than the stream, without its `retry:` line: it was meant for browsers of
  /// then.
  func append(pastEvent body: Span<UInt8>, expiresAt: Int64) {
    if let retry = EventStreamWriter.retryLine(in: body) {
      append(event: body, without: retry, expiresAt: expiresAt)
    } else {
      append(event: body, expiresAt: expiresAt)
    }
  }

  /// Notes how old an event is that has been appended for live subscribers.
  func noteLag(milliseconds: Int64) {
    if let last = lags.last, last.milliseconds == milliseconds {
      lags[lags.count - 1].eventCount += 1
    } else {
      lags.append((milliseconds, 1))
    }
  }

  /// Whether an event has expired of which nothing was sent with the first `done` bytes.
  ///
  /// - Parameter unixNow: milliseconds since 1970; asked for only where something expires at all.
  func hasExpired(from done: Int = 0, _ unixNow: () -> Int64) -> Bool {
    if expiring.isEmpty { return false }
    let now = unixNow()
    return expiring.contains { $0.place.lowerBound >= done && $0.expiresAt <= now }
  }

  /// The same frame for one who has the first `done` bytes, without the events that have expired since.
  ///
  /// The length of a record is sent before it, so that nothing can be taken out: a comment of as many
  /// bytes stands there instead, or spaces where the format knows no comments.
  func withoutExpired(
    from done: Int, as format: StreamFormat, _ unixNow: () -> Int64
  ) -> Frame {
    let now = unixNow()
    let copy = Frame(output, eventCount: eventCount, gap: gap)
    for event in expiring where event.place.lowerBound >= done {
      guard event.expiresAt <= now else {
        copy.expiring.append(event)
        continue
      }
      let (first, last) = (event.place.lowerBound, event.place.upperBound - 1)
      copy.output.overwrite(event.place) {
        guard format == .eventStream else { return UInt8(ascii: " ") }
        return $0 == first ? UInt8(ascii: ":") : UInt8(ascii: $0 == last ? "\n" : " ")
      }
      copy.eventCount -= 1
    }
    return copy
  }

  private init(_ output: OutputFrame, eventCount: Int, gap: GapReason?) {
    self.output = output
    self.eventCount = eventCount
    self.gap = gap
  }

  /// Appends what tells of missing events.
  func append(gap event: [UInt8], _ reason: GapReason) {
    append(own: event)
    gap = reason
  }

  func append(records: [UInt8]) { output.append(records: records) }
  func appendEnd() { output.appendEnd() }
  /// Makes the frame ready to be sent.
  func close() { output.close() }
  /// Empties the frame for another use; it keeps its memory.
  func reset(requestID: UInt16) {
    output.reset(requestID: requestID)
    eventCount = 0
    itemCount = nil
    gap = nil
    lags.removeAll(keepingCapacity: true)
    expiring.removeAll(keepingCapacity: true)
  }

  /// Sends what comes behind the first `done` bytes, or a part of it.
  @inline(__always)
  func send(
    to connection: borrowing StreamConnection, from done: Int = 0
  ) throws(SystemCallError) -> Transfer {
    try output.send(on: connection, from: done)
  }
}

/// Frames that are not in use, so that a pass needs no new memory; belongs to a stream loop.
struct FramePool {
  private var free: [Frame] = []
  private var byteCount = 0

  /// An empty frame.
  mutating func take(requestID: UInt16) -> Frame {
    guard let frame = free.popLast() else { return Frame(requestID: requestID) }
    byteCount -= frame.capacity
    frame.reset(requestID: requestID)
    return frame
  }

  /// Takes a frame back, unless a subscriber still has to send a part of it.
  mutating func put(_ frame: consuming Frame) {
    guard isKnownUniquelyReferenced(&frame),
      byteCount + frame.capacity <= StreamLimits.pooledFrameByteCountMaximum
    else { return }
    byteCount += frame.capacity
    free.append(frame)
  }
}
