/// What a queue holds of a topic.
public struct TopicFigures: Sendable {
  /// The topic.
  public let topic: Topic
  /// The sequence of its newest event, which retention may have removed where the topic has ended.
  public let newest: UInt64
  /// Its events that are there and not hidden; expired ones count until retention removes them.
  public let eventCount: Int
  /// Bytes of their records.
  public let byteCount: Int
  /// How many of them were published in the last minute.
  public let lastMinuteCount: Int
  /// Whether it takes no more events until it is deleted.
  public let hasEnded: Bool
}

/// Which topics are asked for: a part of them, in the order of their bytes.
public struct TopicQuery: Hashable, Sendable {
  /// Only those that begin so, as in a record's head.
  let beginning: [UInt8]
  /// Only those behind this one, as in a record's head.
  let after: [UInt8]
  /// Only those that it takes; nil for all.
  let filter: TopicFilter?
  /// How many at most.
  let countMaximum: Int
  /// Only those that the one who asks may see; nil for all.
  private var visible: TopicFilter?

  /// A question.
  public init(
    prefix: String = "", after: String = "", filter: TopicFilter? = nil, countMaximum: Int
  ) {
    beginning = Topic.encode(prefix.utf8)
    self.after = Topic.encode(after.utf8)
    self.filter = filter
    self.countMaximum = countMaximum
  }

  /// The same for one who may see no more than this; nil for all.
  public func visible(through filter: TopicFilter?) -> TopicQuery {
    var query = self
    query.visible = filter
    return query
  }

  func takes(_ encodedTopic: Span<UInt8>) -> Bool {
    guard encodedTopic.count >= beginning.count,
      encodedTopic.extracting(0..<beginning.count).hasSameBytes(as: beginning.span),
      after.isEmpty || after.span.precedes(encodedTopic)
    else { return false }
    return filter?.matches(encodedTopic) ?? true && visible?.matches(encodedTopic) ?? true
  }
}

/// A part of all topics.
public struct TopicPage: Sendable {
  /// In the order of their bytes.
  public let topics: [TopicFigures]
  /// Whether there are more behind them.
  public let hasMore: Bool

  /// A part of its parts.
  public init(topics: [TopicFigures], hasMore: Bool) {
    self.topics = topics
    self.hasMore = hasMore
  }
}
