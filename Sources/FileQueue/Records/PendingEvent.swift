public import EventStream

/// An event on its way into the queue: rendered, but without sequence, time and id.
public struct PendingEvent: Sendable {
  /// What stands behind the checksum in the head, with its newline, and the lines of the body that
  /// come before the id.
  let content: [UInt8]
  /// How much of it belongs to the body.
  let fieldsByteCount: Int
  let topicHash: UInt64
  /// When it was published, in milliseconds since 1970, if not now: of an event that is imported.
  let publishedAt: Int64?

  /// About what it takes on disk.
  public var byteCount: Int { content.count }

  /// Renders `event`; its id, if it has one, is not used, the queue gives ids.
  ///
  /// - Parameters:
  ///   - expiresAt: when it stops being delivered, in milliseconds since 1970; `Int64.max` for
  ///     never.
  ///   - publishedAt: when it was published, for an event that comes from another queue.
  /// - Throws: `QueueError.eventTooLarge`.
  public init(
    _ event: Event, topic: Topic, expiresAt: Int64 = .max, publishedAt: Int64? = nil
  ) throws(QueueError) {
    var content: [UInt8] = []
    content.reserveCapacity(topic.encoded.count + event.data.utf8.count + 64)
    content.append(contentsOf: topic.encoded)
    if expiresAt != .max {
      content.append(contentsOf: RecordAttribute.expires)
      content.append(contentsOf: "\(max(0, expiresAt))".utf8)
    }
    content.append(UInt8(ascii: "\n"))
    let headByteCount = content.count
    EventStreamWriter.appendFields(of: event, to: &content)
    fieldsByteCount = content.count - headByteCount
    let count = RecordWriter.bodyByteCount(
      fieldsByteCount: fieldsByteCount,
      digitCount: QueueLimits.sequenceMaximum.decimalDigitCount)
    guard count <= QueueLimits.bodyByteCountMaximum else {
      throw .eventTooLarge(
        byteCount: count, byteCountMaximum: QueueLimits.bodyByteCountMaximum)
    }
    self.content = content
    self.publishedAt = publishedAt
    topicHash = topic.hash64
  }
}
