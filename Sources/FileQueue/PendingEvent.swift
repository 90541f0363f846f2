public import EventStream

/// An event on its way into the queue: rendered, but without sequence and id.
public struct PendingEvent: Sendable {
  /// The label it is published under.
  public let topic: Topic
  /// When it stops being delivered, in milliseconds since 1970; `Int64.max` for never.
  public let expiresAt: Int64
  /// When it was published, in milliseconds since 1970, if not now: of an event that is imported.
  let publishedAt: Int64?
  let fields: [UInt8]

  /// Renders `event`; its id, if it has one, is not used, the queue gives ids.
  ///
  /// - Parameters:
  ///   - expiresAt: when it stops being delivered, in milliseconds since 1970.
  ///   - publishedAt: when it was published, for an event that comes from another queue.
  /// - Throws: `QueueError.eventTooLarge`.
  public init(
    _ event: Event, topic: Topic, expiresAt: Int64 = .max, publishedAt: Int64? = nil
  ) throws(QueueError) {
    var fields: [UInt8] = []
    fields.reserveCapacity(event.data.utf8.count + 64)
    EventStreamWriter.appendFields(of: event, to: &fields)
    let count = RecordWriter.bodyByteCount(fields: fields, sequence: UInt64(Int64.max))
    guard count <= QueueLimits.bodyByteCountMaximum else {
      throw .eventTooLarge(
        byteCount: count, byteCountMaximum: QueueLimits.bodyByteCountMaximum)
    }
    self.topic = topic
    self.expiresAt = max(0, expiresAt)
    self.publishedAt = publishedAt
    self.fields = fields
  }
}
