import EventStream
import FileQueue
import FoundationEssentials

/// An event that is to be published, with the fields of a publish request.
struct Publication: Encodable {
  var message: String
  /// None for the default one.
  var topics: [String] = []
  var event: String?
  var key: String?
  var end = false
  var retry: Int?
  var ttl: String?
  var delay: String?
  var at: String?

  /// Whether it is to be published later.
  var isDelayed: Bool { delay != nil || at != nil }

  private enum CodingKeys: String, CodingKey {
    case message, topic, topics, event, key, end, retry, ttl, delay, at
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(message, forKey: .message)
    if topics.count == 1 {
      try fields.encode(topics[0], forKey: .topic)
    } else if !topics.isEmpty {
      try fields.encode(topics, forKey: .topics)
    }
    try fields.encodeIfPresent(event, forKey: .event)
    try fields.encodeIfPresent(key, forKey: .key)
    if end { try fields.encode(true, forKey: .end) }
    try fields.encodeIfPresent(retry, forKey: .retry)
    try fields.encodeIfPresent(ttl, forKey: .ttl)
    try fields.encodeIfPresent(delay, forKey: .delay)
    try fields.encodeIfPresent(at, forKey: .at)
  }

  /// As a JSON object on one line.
  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self))
  }

  /// As the queue takes it where it is published later; nil where it is published now.
  ///
  /// - Throws: `QueueError`, `EventStreamError`.
  func delayed() throws -> DelayedEvent? {
    guard let delay = delay.flatMap({ Delay(after: $0) }) ?? at.flatMap({ Delay(at: $0) }) else {
      return nil
    }
    var event = self
    event.ttl = nil
    return DelayedEvent(
      try event.pending(), timeToLive: ttl.flatMap { TimeToLive(text: $0) }, delay: delay)
  }

  /// As the queue takes it.
  ///
  /// - Throws: `QueueError`, `EventStreamError`.
  func pending() throws -> PendingEvent {
    try pending(expiresAt: ttl.flatMap { TimeToLive(text: $0)?.expiresAt })
  }

  private func pending(expiresAt: Int64?) throws -> PendingEvent {
    let type = try event.map { text throws(EventStreamError) in try EventType(text) }
    let topics = try topics.map { text throws(QueueError) in try Topic(text) }
    return try PendingEvent(
      Event(type: type, data: message, retryMilliseconds: retry),
      topics: topics.isEmpty ? [.default] : topics,
      key: try key.map { text throws(QueueError) in try EventKey(text) }, isEnd: end,
      expiresAt: expiresAt)
  }
}
