package import FileQueue

/// What a subscriber asks of the queue.
package struct StreamRequest: Sendable {
  /// Whose events it gets.
  package var filter: TopicFilter
  /// Which of them it keeps; nil for all.
  package var names: EventNames?
  /// Where it begins.
  package var start: StreamStart
  /// Whether it ends with what was there when it came.
  package var isPoll: Bool
  /// What it is told beside the events.
  package var signals: Set<StreamSignal>
  /// How its events are written.
  package var format: StreamFormat
  /// Whether it may be told topics of an event that it has not asked for, where those are told.
  package var tellsAllTopics = true

  /// A request for the events of some topics.
  package init(
    _ filter: TopicFilter, names: EventNames? = nil, from start: StreamStart, isPoll: Bool = false,
    signals: Set<StreamSignal> = [], format: StreamFormat = .eventStream
  ) {
    self.filter = filter
    self.names = names
    self.start = start
    self.isPoll = isPoll
    self.signals = signals
    self.format = format
  }
}
