public import EventStream
import Kernel

/// What many events have in common, rendered once: everything but their data.
public struct EventTemplate: Sendable {
  /// The content of such an event up to its data.
  private let content: [UInt8]
  /// How much of it belongs to the body.
  private let fieldsByteCount: Int
  private let topicHash: UInt64

  /// What ``PendingEvent/init(_:topics:key:isEnd:expiresAt:publishedAt:)`` takes of events that have neither
  /// a key nor an end.
  ///
  /// - Throws: what it throws.
  public init(
    type: EventType?, retryMilliseconds: Int?, topics: [Topic], expiresAt: Int64?
  ) throws(QueueError) {
    let event = try PendingEvent(
      Event(type: type, data: "", retryMilliseconds: retryMilliseconds), topics: topics,
      expiresAt: expiresAt)
    // All but the newline behind the empty data.
    content = event.content.dropLast()
    fieldsByteCount = event.fieldsByteCount - 1
    topicHash = event.topicHash
  }

  /// The event with this data.
  ///
  /// - Parameter line: UTF-8 without CR and LF; only a caller that has looked can promise it.
  /// - Throws: `QueueError.eventTooLarge`.
  public func event(line: Span<UInt8>) throws(QueueError) -> PendingEvent {
    let fieldsByteCount = fieldsByteCount + line.count + 1
    try PendingEvent.checkSize(fieldsByteCount: fieldsByteCount)
    var content: [UInt8] = []
    content.reserveCapacity(self.content.count + line.count + 1)
    content.append(contentsOf: self.content)
    content.append(line)
    content.append(UInt8(ascii: "\n"))
    return PendingEvent(
      content: content, fieldsByteCount: fieldsByteCount, topicHash: topicHash)
  }
}
