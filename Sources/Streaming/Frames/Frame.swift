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
  /// Why events are missing, where it tells so.
  private(set) var gap: GapReason?

  init(requestID: UInt16) {
    output = OutputFrame(requestID: requestID)
  }

  var isEmpty: Bool { output.isEmpty }
  var byteCount: Int { output.byteCount }
  /// Bytes that the frame keeps memory for.
  var capacity: Int { output.capacity }

  func append(_ content: Span<UInt8>) { output.append(content) }
  func append(_ content: [UInt8]) { output.append(content.span) }
  /// Appends the whole or the last piece of an event.
  func append(event body: Span<UInt8>) {
    output.append(body)
    eventCount += 1
  }

  func append(_ gap: GapEvent) {
    var content: [UInt8] = []
    gap.append(to: &content)
    append(content)
    self.gap = gap.reason
  }

  func append(records: [UInt8]) { output.append(records: records) }
  func appendEnd() { output.appendEnd() }
  /// Makes the frame ready to be sent.
  func close() { output.close() }
  /// Empties the frame for another use; it keeps its memory.
  func reset(requestID: UInt16) {
    output.reset(requestID: requestID)
    eventCount = 0
    gap = nil
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
