public import FileQueue

/// What a queue holds of a topic: what `GET /topics/TOPIC` and `weir topics` tell.
public struct TopicReport: Codable, Sendable {
  /// The topic.
  public let topic: String
  /// The id of its newest event.
  public let newest: String
  /// Its events that are there and not hidden.
  public let events: Int
  /// Bytes of their records.
  public let bytes: Int
  /// How many of them were published in the last minute.
  public let eventsLastMinute: Int
  /// Whether it takes no more events until it is deleted.
  public let ended: Bool

  private enum CodingKeys: String, CodingKey {
    case topic, newest, events, bytes, ended
    case eventsLastMinute = "events_last_minute"
  }

  /// The report of figures.
  public init(_ figures: TopicFigures, epochs: Epochs) {
    topic = figures.topic.text
    newest = "\(epochs.id(of: figures.newest))"
    events = figures.eventCount
    bytes = figures.byteCount
    eventsLastMinute = figures.lastMinuteCount
    ended = figures.hasEnded
  }
}

/// A part of all topics, in the order of their bytes: what `GET /topics` tells.
public struct TopicListReport: Codable, Sendable {
  /// The topics.
  public let topics: [TopicReport]
  /// The one to go on behind, with `after`; nil where there are no more.
  public let next: String?

  /// The report of a page.
  public init(_ page: TopicPage, epochs: Epochs) {
    topics = page.topics.map { TopicReport($0, epochs: epochs) }
    next = page.hasMore ? page.topics.last?.topic.text : nil
  }

  /// The report of its parts.
  public init(_ topics: [TopicReport], next: String?) {
    self.topics = topics
    self.next = next
  }

  /// As a line.
  public var json: [UInt8] { JSON.encode(self) }
}
