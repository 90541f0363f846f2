package import FileQueue

/// What a subscriber asks of the queue.
package struct StreamRequest: Sendable {
  /// Whose events it gets.
  package var filter: TopicFilter
  /// Which of them it keeps; nil for all.
  package var names: EventNames?
  /// Where it begins.
  package var start: StreamStart

  /// A request for the events of some topics.
  package init(_ filter: TopicFilter, names: EventNames? = nil, from start: StreamStart) {
    self.filter = filter
    self.names = names
    self.start = start
  }
}
