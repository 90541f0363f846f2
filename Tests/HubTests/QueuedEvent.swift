import EventStream
import FileQueue
import Support

@testable import Hub

/// A published event as it comes out of a queue again.
struct QueuedEvent {
  var topics: [String] = []
  var type: String?
  var data = ""
  var retry: Int?
  var expiresAt: Int64 = 0
  var isEnd = false

  init(_ request: PublishRequest) throws {
    let directory = try TemporaryDirectory(inMemory: true)
    let queue = try Queue(at: directory.path, creating: true)
    var appender = try Appender(queue, durability: .none)
    _ = try appender.append([request.event])
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var bodies: [[UInt8]] = []
    _ = try reader.read(from: &cursor, byteCountMaximum: 4 << 20) { record, bytes in
      record.forEachTopic(in: bytes) { topics.append(Topic(encoded: $0)?.text ?? "none") }
      expiresAt = record.expiresAt
      isEnd = record.isEnd(in: bytes)
      let body = bytes.extracting(record.body)
      bodies.append(body.indices.map { body[$0] })
    }
    var parser = EventStreamParser()
    for body in bodies {
      try parser.feed(body) { event in
        type = event.type
        data = event.data
      }
    }
    retry = parser.retryMilliseconds
  }
}
