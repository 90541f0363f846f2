extension Queue {
  /// The last event that subscribers of topics will ever get: all of them have ended before a sequence; nil
  /// where one has not.
  ///
  /// Any thread may ask; where no topic has ended it costs two loads.
  ///
  /// - Parameter next: the durable end, so that what a power cut may undo has ended nothing yet.
  public func end(of topics: [Topic], before next: UInt64) -> UInt64? {
    topicStates.look(tail)
    return topicStates.end(of: topics, before: next)
  }

  /// Whether an event was deleted with all of its topics that a filter takes; without one, with all of them: who reads
  /// passes over it.
  public func hides(
    _ record: RecordLayout, _ bytes: Span<UInt8>, from filter: TopicFilter? = nil
  ) -> Bool {
    topicStates.look(tail)
    return topicStates.hide(record, bytes, from: filter)
  }

  /// Why an event cannot be published as things are, because a topic of it has ended; nil where none has.
  func refusal(of event: PendingEvent) -> QueueError? {
    topicStates.look(tail)
    if topicStates.isEmpty { return nil }
    return event.refusal { topicStates.state(of: $0, hash: $1).hasEnded }
  }

  /// How many topics have ended and were not deleted.
  public var endedTopicCount: Int {
    topicStates.look(tail)
    return topicStates.endedCount
  }
}
