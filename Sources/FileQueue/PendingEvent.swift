public import EventStream

/// An event on its way into the queue: rendered, but without sequence and id.
public struct PendingEvent: Sendable {
  /// The label it is published under.
  public let topic: Topic
  let fields: [UInt8]

  /// Renders `event`; its id, if it has one, is not used, the queue gives ids.
  ///
  /// - Throws: `QueueError.eventTooLarge`.
  public init(_ event: Event, topic: Topic) throws(QueueError) {
    var fields: [UInt8] = []
    fields.reserveCapacity(event.data.utf8.count + 64)
    EventStreamWriter.appendFields(of: event, to: &fields)
    let count = RecordWriter.bodyByteCount(fields: fields, sequence: UInt64(Int64.max))
    guard count <= QueueLimits.bodyByteCountMaximum else {
      throw .eventTooLarge(
        byteCount: count, byteCountMaximum: QueueLimits.bodyByteCountMaximum)
    }
    self.topic = topic
    self.fields = fields
  }
}
