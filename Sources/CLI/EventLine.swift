import EventStream
import FileQueue
import FoundationEssentials
import Kernel

/// An event as a line of JSON (NDJSON), as `weir export` writes and `weir import` reads it.
///
/// The fields are those of a publish request, and what the queue has added.
struct EventLine: Codable {
  var id: String?
  /// When it was published, in milliseconds since 1970.
  var time: Int64?
  var topic: String?
  /// Instead of `topic`, where there are several.
  var topics: [String]?
  var event: String?
  var message: String
  var retry: Int?
  /// When it stops being delivered, in milliseconds since 1970.
  var expires: Int64?
  /// True where it is the last one of its topics.
  var end: Bool?

  /// Reads a record of a queue.
  init(_ record: RecordLayout, _ bytes: Span<UInt8>, epochs: Epochs) throws {
    let body = bytes.extracting(record.body)
    var parsed: ParsedEvent?
    var parser = EventStreamParser()
    try parser.feed(body) { parsed = $0 }
    id = epochs.id(of: record.sequence).description
    time = record.unixMilliseconds
    var topics: [String] = []
    record.forEachTopic(in: bytes) { topics += (Topic(encoded: $0)?.text).map { [$0] } ?? [] }
    if topics.count > 1 { self.topics = topics } else { topic = topics.first }
    end = record.isEnd(in: bytes) ? true : nil
    event = parsed.flatMap { $0.type == "message" ? nil : $0.type }
    message = parsed?.data ?? ""
    retry = parser.retryMilliseconds
    expires = record.expiresAt == .max ? nil : record.expiresAt
  }

  private enum CodingKeys: String, CodingKey {
    case id, time, topic, topics, event, message, retry, expires, end
  }

  /// Reads the fields.
  init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    // The decoder does not say which field a number belongs to that is too large for it, or a fraction.
    func number<Number: FixedWidthInteger & Decodable>(_ key: CodingKeys) throws -> Number? {
      do {
        return try fields.decodeIfPresent(Number.self, forKey: key)
      } catch {
        throw DecodingError.typeMismatch(
          Number.self, .init(codingPath: [key], debugDescription: "\(error)"))
      }
    }
    id = try fields.decodeIfPresent(String.self, forKey: .id)
    time = try number(.time)
    topic = try fields.decodeIfPresent(String.self, forKey: .topic)
    topics = try fields.decodeIfPresent([String].self, forKey: .topics)
    event = try fields.decodeIfPresent(String.self, forKey: .event)
    message = try fields.decode(String.self, forKey: .message)
    retry = try number(.retry)
    expires = try number(.expires)
    end = try fields.decodeIfPresent(Bool.self, forKey: .end)
  }

  /// Reads a line.
  init(json line: [UInt8]) throws {
    self = try JSONDecoder().decode(EventLine.self, from: Data(line))
  }

  /// The line, with its newline.
  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }

  /// The event, ready to be appended; its id is not used, the queue gives ids.
  func pending(defaultTopic: Topic) throws -> PendingEvent {
    let topics = try ((topic.map { [$0] } ?? []) + (topics ?? [])).map {
      text throws(QueueError) in try Topic(text)
    }
    return try PendingEvent(
      Event(
        type: try event.map { text throws(EventStreamError) in try EventType(text) },
        data: message, retryMilliseconds: retry),
      topics: topics.isEmpty ? [defaultTopic] : topics, isEnd: end ?? false,
      expiresAt: expires, publishedAt: time)
  }
}
