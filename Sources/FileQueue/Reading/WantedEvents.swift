/// The events that a filter takes and nobody has hidden; for the time of one read.
struct WantedEvents: Sendable {
  private let filter: TopicFilter
  private let states: TopicStates
  /// From here on none is hidden.
  private let hiddenBefore: UInt64

  init(_ filter: TopicFilter, in queue: Queue) {
    self.filter = filter
    states = queue.topicStates
    states.look(queue.tail)
    hiddenBefore = states.hiddenBefore(filter)
  }

  @inline(__always)
  func has(_ record: RecordLayout, _ bytes: Span<UInt8>) -> Bool {
    guard filter.matches(record, bytes) else { return false }
    return record.sequence >= hiddenBefore || !states.hide(record, bytes, from: filter)
  }
}
