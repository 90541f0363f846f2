import EventStream
import Testing

/// No text of a publisher may become a field, an event or an id of its own.
@Suite struct InjectionTests {
  struct Attack: Sendable, CustomTestStringConvertible {
    let text: String
    var testDescription: String { text.debugDescription }
  }

  private static let attacks = ["\r", "\n", "\r\n", "\n\r"].flatMap { end in
    ["id: 666", "retry: 1", "event: admin", "data: forged", ": x", "\(end)data: forged\(end)"]
      .map { Attack(text: "x\(end)\($0)") }
  }

  @Test(arguments: attacks)
  func `data cannot get out of its field`(_ attack: Attack) throws {
    var bytes: [UInt8] = []
    try EventStreamWriter.append(Event(data: attack.text, id: "1"), to: &bytes)
    var parser = EventStreamParser()
    var events: [ParsedEvent] = []
    try parser.feed(bytes) { events.append($0) }
    #expect(events.count == 1)
    #expect(events.first?.type == "message")
    #expect(parser.lastEventID == "1")
    #expect(parser.retryMilliseconds == nil)
  }

  @Test(arguments: attacks)
  func `a comment cannot get out of its line`(_ attack: Attack) throws {
    var bytes: [UInt8] = []
    EventStreamWriter.appendComment(attack.text, to: &bytes)
    EventStreamWriter.appendEnd(to: &bytes)
    var parser = EventStreamParser()
    try parser.feed(bytes) { Issue.record("a comment became the event \($0)") }
    #expect(parser.lastEventID == "")
    #expect(parser.retryMilliseconds == nil)
  }

  @Test(arguments: attacks + [Attack(text: "\0"), Attack(text: "7\0")])
  func `an id with CR, LF or NUL is refused, and nothing of it is written`(_ attack: Attack) {
    var bytes = Array("before".utf8)
    #expect(throws: EventStreamError.self) {
      try EventStreamWriter.appendID(attack.text, to: &bytes)
    }
    #expect(throws: EventStreamError.self) {
      try EventStreamWriter.append(Event(data: "x", id: attack.text), to: &bytes)
    }
    #expect(bytes == Array("before".utf8))
  }

  @Test func `a refused id names the byte and its place`() {
    var bytes: [UInt8] = []
    #expect(throws: EventStreamError.forbiddenByte(name: "id", byte: 10, offset: 3)) {
      try EventStreamWriter.appendID("€\ndata: forged", to: &bytes)
    }
  }

  @Test(arguments: attacks)
  func `an event type with a line end cannot be made`(_ attack: Attack) {
    #expect(throws: EventStreamError.self) { try EventType(attack.text) }
  }
}
