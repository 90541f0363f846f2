/// What a subscriber asks for: one or more topics, or patterns over topics made of parts with dots
/// between them.
///
/// In a pattern `*` stands for exactly one part and `>`, as the last part, for one or more.
/// `orders.*` takes `orders.eu` but not `orders.eu.paris`, which `orders.>` takes too.
public struct TopicFilter: Hashable, Sendable, CustomStringConvertible {
  /// Topics that are taken to the letter, sorted, each once.
  public let topics: [Topic]
  /// Patterns, sorted, each once.
  public let patterns: [Topic]

  /// A filter of the topics and patterns in `texts`; none at all means the default topic.
  ///
  /// - Throws: `QueueError.invalidTopic`.
  public init(_ texts: [String]) throws(QueueError) {
    var topics: Set<Topic> = []
    var patterns: Set<Topic> = []
    for text in texts {
      let topic = try Topic(text)
      let parts = text.split(separator: ".", omittingEmptySubsequences: false)
      if parts.contains(where: { $0 == "*" || $0 == ">" }) {
        guard !parts.dropLast().contains(">") else {
          throw .invalidTopic(reason: "'\(text)' has '>' elsewhere than at its end")
        }
        patterns.insert(topic)
      } else {
        topics.insert(topic)
      }
    }
    if topics.isEmpty && patterns.isEmpty { topics.insert(.default) }
    self.topics = topics.sorted { $0.text < $1.text }
    self.patterns = patterns.sorted { $0.text < $1.text }
  }

  /// Whether an event of `topic` is asked for.
  public func matches(_ topic: Topic) -> Bool {
    topics.contains(topic) || patterns.contains { Self.matches(topic.text, pattern: $0.text) }
  }

  /// Whether a topic, as it stands in a record's head, is one of ``topics``.
  public func names(_ encodedTopic: Span<UInt8>) -> Bool {
    topics.contains { topic in
      guard topic.encoded.count == encodedTopic.count else { return false }
      for index in encodedTopic.indices where topic.encoded[index] != encodedTopic[index] {
        return false
      }
      return true
    }
  }

  /// Whether an event is asked for, by its topic as it stands in a record's head.
  public func matches(_ encodedTopic: Span<UInt8>) -> Bool {
    if names(encodedTopic) { return true }
    guard !patterns.isEmpty, let topic = Topic(encoded: encodedTopic) else { return false }
    return matches(topic)
  }

  static func matches(_ topic: String, pattern: String) -> Bool {
    let parts = topic.split(separator: ".", omittingEmptySubsequences: false)
    let wanted = pattern.split(separator: ".", omittingEmptySubsequences: false)
    for (index, want) in wanted.enumerated() {
      if want == ">" { return parts.count > index }
      guard index < parts.count, want == "*" || want == parts[index] else { return false }
    }
    return parts.count == wanted.count
  }

  /// The topics and patterns, with commas between them.
  public var description: String {
    (topics + patterns).map(\.text).joined(separator: ",")
  }
}
