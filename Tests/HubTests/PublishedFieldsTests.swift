import EventStream
import FileQueue
import Support
import Testing

@testable import Hub

/// Whatever fields a publish request has, it is answered with a problem, or its event can be read.
struct PublishedFieldsTests {
  private static let numbers = [
    "0", "-0", "-1", "1", "86400000", "86400001", "1e3", "1.5", "1e400", "-1e400",
    "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "18446744073709551616",
    "999999999999999999999999999999", "0.0000000001", "true", "null", "\"\"", "[]", "{}",
  ]
  private static let times = [
    "\"1\"", "\"1s\"", "\"3653d\"", "\"3654d\"", "\"9223372036854775807ms\"", "\"106751991167d\"",
    "\"0\"", "\"-1s\"", "\"1ms\"", "\"99999999999999999999s\"",
  ]
  private static let texts = [
    "", "a", " ", "%", "é", "\\u0301", "😀", "\\n", "\\r\\n", "\\u0000", "\\\"",
    ": 1 2 3 00000000 t\\n",
    "id: 1\\n\\n", "\\u2028", "x",
  ]

  @Test func `fields of any values are refused, or come back as they were`() throws {
    var random = SeededGenerator()
    var taken = 0
    for _ in 0..<3000 {
      var fields = ["\"message\":\"\(random.text(of: Self.texts, 0...8))\""]
      for (name, values) in [
        ("retry", Self.numbers), ("ttl", Self.numbers + Self.times),
      ] where Int.random(in: 0..<3, using: &random) == 0 {
        fields.append("\"\(name)\":\(values.randomElement(using: &random) ?? "0")")
      }
      for name in ["topic", "event"] where Bool.random(using: &random) {
        fields.append("\"\(name)\":\"\(random.text(of: Self.texts, 1...60))\"")
      }
      let body = "{\(fields.joined(separator: ","))}"
      do {
        let request = try PublishRequest(
          contentType: "application/json", pathTopic: nil, body: Array(body.utf8))
        try expectReadable(request.event, request.topics, body)
        taken += 1
      } catch let problem as Problem {
        #expect([400, 413].contains(problem.status), "\(problem): \(body)")
      }
    }
    #expect(taken > 100)
  }

  private func expectReadable(_ event: PendingEvent, _ topics: [Topic], _ body: String) throws {
    let directory = try TemporaryDirectory(inMemory: true)
    let queue = try Queue(at: directory.path, creating: true)
    var appender = try Appender(queue, durability: .none)
    _ = try appender.append([event])
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var found: [String] = []
    let outcome = try reader.read(from: &cursor, byteCountMaximum: 1 << 20) { record, bytes in
      found.append(Topic(encoded: bytes.extracting(record.topic))?.text ?? "none")
    }
    #expect(outcome == .caughtUp, "\(body)")
    #expect(found == topics.map(\.text), "\(body)")
  }
}
