import FoundationEssentials

/// An event as `weir tail --json` prints it, with the fields of a stream of JSON lines; `topic` and `message` are
/// its first topic and its data once more, as `weir export` calls them.
struct TailLine: Codable {
  var id: String?
  var time: Int64?
  var topics: [String]?
  var topic: String?
  var event: String?
  var data: String?
  var message: String?
  var retry: Int?
  var expires: Int64?
  var end: Bool?
  /// How often a group has given it before.
  var redelivered: Int?

  /// A line of a queue's.
  init(_ line: EventLine) {
    id = line.id
    time = line.time
    topics = line.topics ?? line.topic.map { [$0] }
    topic = topics?.first
    event = line.event ?? "message"
    data = line.message
    message = line.message
    retry = line.retry
    expires = line.expires
    end = line.end
  }

  /// What a stream has told of an event.
  init(id: String, type: String, data: String) {
    self.id = id.isEmpty ? nil : id
    event = type
    self.data = data
    message = data
  }

  /// Reads a line of a stream.
  init(json line: [UInt8]) throws {
    self = try JSONDecoder().decode(TailLine.self, from: Data(line))
    topic = topic ?? topics?.first
    message = message ?? data
  }

  /// The line, with its newline.
  func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
  }
}
