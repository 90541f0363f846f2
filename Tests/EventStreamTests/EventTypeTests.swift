import EventStream
import Testing

@Suite struct EventTypeTests {
  @Test(arguments: ["a", "message", "weir", "Weir.gap", " led by a space", "prix:€", "💡"])
  func `a name of one line is taken as it is`(_ text: String) throws {
    let type = try EventType(text)
    #expect(type.text == text)
    #expect("\(type)" == text)
  }

  @Test(arguments: ["weir.", "weir.gap", "weir.live", "weir.\u{301}"])
  func `a name of weir's own is refused`(_ text: String) {
    #expect(throws: EventStreamError.reservedType(prefix: "weir.")) { try EventType(text) }
  }

  @Test func `an empty name is refused`() {
    #expect(throws: EventStreamError.emptyField(name: "event")) { try EventType("") }
  }

  @Test(arguments: [
    ("a\rb", 13, 1), ("a\nb", 10, 1), ("€\r\n", 13, 3), ("\0", 0, 0), ("end\0", 0, 3),
  ])
  func `a name with CR, LF or NUL is refused with the byte and its place`(
    _ text: String, _ byte: UInt8, _ offset: Int
  ) {
    #expect(throws: EventStreamError.forbiddenByte(name: "event", byte: byte, offset: offset)) {
      try EventType(text)
    }
  }

  @Test func `a name has at most 255 bytes, counted in UTF-8`() throws {
    #expect(try EventType(String(repeating: "x", count: 255)).text.utf8.count == 255)
    #expect(
      throws: EventStreamError.fieldTooLong(name: "event", byteCount: 256, byteCountMaximum: 255)
    ) { try EventType(String(repeating: "é", count: 128)) }
  }

  @Test func `an error names the field, the place or limit, and what to do`() {
    #expect(
      "\(EventStreamError.emptyField(name: "event"))"
        == "event is empty: leave it out or give it a value")
    #expect(
      "\(EventStreamError.fieldTooLong(name: "event", byteCount: 256, byteCountMaximum: 255))"
        == "event has 256 bytes; the limit is 255: shorten it")
    for (byte, name) in [(0, "NUL"), (10, "LF"), (13, "CR"), (9, "the value 9")] as [(UInt8, _)] {
      #expect(
        "\(EventStreamError.forbiddenByte(name: "id", byte: byte, offset: 7))"
          == "id has \(name) at byte 7: remove it; CR, LF and NUL are not allowed there")
    }
    #expect(
      "\(EventStreamError.eventTooLarge(byteCountMaximum: 9))"
        == "an event of the stream is larger than 9 bytes: "
        + "raise the parser's limit, or end the connection")
  }
}
