import EventStream
import Support
import Testing

@Suite struct RandomStreamTests {
  private static let breaks = ["\r", "\n", "\r\n", "\n\n"]
  private static let parts = [
    " ", ":", "\0", "a", "é", "€", "💡", "\u{FEFF}", "\u{2028}", "data: ", "id: 1", "retry: 1",
    "event", "a whole sentence, longer than a small string", "\u{301}",
  ]

  private static var replay: Comment { "WEIR_SEED=\(SeededGenerator.seed) replays this" }

  private static func randomEvent(_ random: inout SeededGenerator) throws -> Event {
    let safe = parts.filter { $0 != "\0" }
    return Event(
      type: Bool.random(using: &random) ? try EventType(random.text(of: safe, 1...5)) : nil,
      data: random.text(of: parts + breaks, 0...12),
      id: Bool.random(using: &random) ? random.text(of: safe, 0...4) : nil,
      retryMilliseconds: Bool.random(using: &random) ? Int.random(in: 0...Int.max) : nil)
  }

  /// `text` with LF for each CR and CRLF, the way that differs from the writer's: by scalars.
  private static func normalized(_ text: String) -> String {
    var normal = ""
    var previous: Unicode.Scalar?
    for scalar in text.unicodeScalars {
      if scalar == "\r" {
        normal.unicodeScalars.append("\n")
      } else if scalar != "\n" || previous != "\r" {
        normal.unicodeScalars.append(scalar)
      }
      previous = scalar
    }
    return normal
  }

  /// What two events are compared by: `==` of strings takes "é" and "e\u{301}" for the same.
  private static func bytes(_ event: ParsedEvent) -> [[UInt8]] {
    [event.type, event.data, event.lastEventID].map { Array($0.utf8) }
  }

  @Test func `what is written is read again, whatever the events and the pieces`() throws {
    var random = SeededGenerator()
    for _ in 0..<300 {
      var bytes: [UInt8] = []
      var expected: [ParsedEvent] = []
      var id = ""
      var retry: Int?
      for _ in 0..<Int.random(in: 1...8, using: &random) {
        let event = try Self.randomEvent(&random)
        EventStreamWriter.appendComment(
          random.text(of: Self.parts + Self.breaks, 0...3), to: &bytes)
        try EventStreamWriter.append(event, to: &bytes)
        id = event.id ?? id
        retry = event.retryMilliseconds ?? retry
        expected.append(
          ParsedEvent(
            type: event.type?.text ?? "message", data: Self.normalized(event.data),
            lastEventID: id))
      }
      var parser = EventStreamParser()
      var events: [ParsedEvent] = []
      for piece in random.pieces(of: bytes) { try parser.feed(piece) { events.append($0) } }
      try #require(events.map(Self.bytes) == expected.map(Self.bytes), Self.replay)
      try #require(parser.lastEventID == id, Self.replay)
      try #require(parser.retryMilliseconds == retry, Self.replay)
    }
  }

  @Test func `any bytes in any pieces are read as the steps of the specification say`() throws {
    var random = SeededGenerator()
    let lines = ["data:", "data", "event:", "id:", "retry:", "retry: 12", ":", "\n", "\n", "\r"]
    let ends = Self.breaks.map { Array($0.utf8) }
    for _ in 0..<2000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...30, using: &random) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<6: bytes += random.text(of: lines, 1...1).utf8
        case 6..<8: bytes += random.text(of: Self.parts, 0...2).utf8
        case 8: bytes.append(UInt8.random(in: .min ... .max, using: &random))
        default: break
        }
        bytes += ends.randomElement(using: &random) ?? []
        if Bool.random(using: &random), !bytes.isEmpty { bytes.removeLast() }
      }
      let model = ModelParser(bytes)
      var parser = EventStreamParser()
      var events: [ParsedEvent] = []
      for piece in random.pieces(of: bytes) { try parser.feed(piece) { events.append($0) } }
      try #require(events.map(Self.bytes) == model.events.map(Self.bytes), Self.replay)
      try #require(parser.lastEventID == model.lastEventID, Self.replay)
      try #require(parser.retryMilliseconds == model.retryMilliseconds, Self.replay)
    }
  }
}
