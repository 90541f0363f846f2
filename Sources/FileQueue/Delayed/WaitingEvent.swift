import EventStream

/// An event that waits for its time, as people want to see it.
public struct WaitingEvent: Hashable, Sendable {
  /// What names it.
  public let id: DelayedID
  /// When it is published, in milliseconds since 1970.
  public let due: Int64
  /// Under which topics.
  public let topics: [Topic]
  /// The `event:` field; nil where it has none.
  public let type: String?
  /// The `data:` field.
  public let data: String
  /// The `retry:` field, in milliseconds; nil where it has none.
  public let retryMilliseconds: Int?
  /// For how long it is delivered from then on, in milliseconds; nil for as long as it is there.
  public let timeToLive: Int64?
  /// The key of its publisher; nil where it has none.
  public let key: String?
  /// Whether it is the last one of its topics.
  public let isEnd: Bool
  /// Whether it is being published at this moment.
  public let isBeingPublished: Bool

  init(
    _ id: DelayedID, _ layout: RecordLayout, in bytes: Span<UInt8>, timeToLive: Int64, isTaken: Bool
  ) {
    var topics: [Topic] = []
    layout.forEachTopic(in: bytes) { topic in
      if let topic = Topic(encoded: topic) { topics.append(topic) }
    }
    var parsed: ParsedEvent?
    var parser = EventStreamParser()
    // What its writer has rendered; its checksum is right.
    try? parser.feed(bytes.extracting(layout.body)) { parsed = $0 }
    self.id = id
    due = layout.unixMilliseconds
    self.topics = topics
    type = parsed.flatMap { $0.type.hasSameBytes(as: "message") ? nil : $0.type }
    data = parsed?.data ?? ""
    retryMilliseconds = parser.retryMilliseconds
    self.timeToLive = timeToLive == 0 ? nil : timeToLive
    key = layout.publisherKey(in: bytes)
    isEnd = layout.isEnd(in: bytes)
    isBeingPublished = isTaken
  }
}

extension RecordLayout {
  /// The key of the event's publisher, as that wrote it; nil where it has none.
  public func publisherKey(in bytes: Span<UInt8>) -> String? {
    // What a delayed event was published by is none.
    guard let key = key(in: bytes), bytes[key.lowerBound] != UInt8(ascii: ".") else { return nil }
    return eventKey(in: bytes)?.text
  }

  /// The key of the event's publisher; nil where it has none.
  func eventKey(in bytes: Span<UInt8>, isLasting: Bool = false) -> EventKey? {
    key(in: bytes).flatMap { EventKey(encoded: bytes.extracting($0), isLasting: isLasting) }
  }
}
