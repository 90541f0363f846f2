import Kernel

/// What a subscriber asks for: one or more topics or patterns.
public struct TopicFilter: Hashable, Sendable, CustomStringConvertible {
  /// Topics that are taken to the letter, sorted, each once.
  public let topics: [Topic]
  /// Patterns, sorted, each once.
  public let patterns: [TopicPattern]

  /// A filter of the topics and patterns in `texts`; none at all means the default topic.
  ///
  /// - Throws: `QueueError.invalidTopic`.
  public init(_ texts: [String]) throws(QueueError) {
    var topics: Set<Topic> = []
    var patterns: Set<TopicPattern> = []
    for text in texts {
      if TopicPattern.isWritten(in: text) {
        patterns.insert(try TopicPattern(text))
      } else {
        topics.insert(try Topic(text))
      }
    }
    if topics.isEmpty && patterns.isEmpty { topics.insert(.default) }
    self.topics = topics.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
    self.patterns = patterns.sorted { $0.text.utf8.lexicographicallyPrecedes($1.text.utf8) }
  }

  /// A filter of one topic.
  public init(of topic: Topic) {
    self.init(topics: [topic], patterns: [])
  }

  private init(topics: [Topic], patterns: [TopicPattern]) {
    self.topics = topics
    self.patterns = patterns
  }

  /// A filter for each of the topics and patterns.
  var parts: [TopicFilter] {
    topics.map { TopicFilter(topics: [$0], patterns: []) }
      + patterns.map { TopicFilter(topics: [], patterns: [$0]) }
  }

  /// Whether an event of `topic` is asked for.
  public func matches(_ topic: Topic) -> Bool {
    matches(topic.encoded.span)
  }

  /// Whether an event is asked for, by its topic as it stands in a record's head.
  public func matches(_ encodedTopic: Span<UInt8>) -> Bool {
    topics.contains { $0.encoded.span.hasSameBytes(as: encodedTopic) }
      || patterns.contains { $0.matches(encodedTopic) }
  }

  /// Whether an event is asked for, by any of its topics.
  ///
  /// - Parameter bytes: those in which the record's places lie.
  @inline(__always)
  public func matches(_ record: RecordLayout, _ bytes: Span<UInt8>) -> Bool {
    if matches(bytes.extracting(record.topic)) { return true }
    if record.attributes.isEmpty { return false }
    var isWanted = false
    record.forEachFurtherTopic(in: bytes) { isWanted = isWanted || matches(bytes.extracting($0)) }
    return isWanted
  }

  /// The topics and patterns as people write them.
  public var texts: [String] { topics.map(\.text) + patterns.map(\.text) }

  /// The topics and patterns, with commas between them.
  public var description: String { texts.joined(separator: ",") }
}
