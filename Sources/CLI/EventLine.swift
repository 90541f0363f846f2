import EventStream
import FileQueue
import FoundationEssentials
import Kernel

/// An event as a line of JSON (NDJSON), as `weir export` writes it for `weir import`.
///
/// The fields are those of a publish request, and what the queue has added.
struct EventLine: Encodable {
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
  /// By what a second publish of it is known.
  var key: String?

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
    key = record.publisherKey(in: bytes)
    event = parsed.flatMap { $0.type == "message" ? nil : $0.type }
    message = parsed?.data ?? ""
    retry = parser.retryMilliseconds
    expires = record.expiresAt == .max ? nil : record.expiresAt
  }

  /// The line, with its newline.
  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}
