import EventStream
import Testing

@Suite struct EventStreamParserTests {
  private static func run(_ bytes: [UInt8]) throws -> ([ParsedEvent], EventStreamParser) {
    var parser = EventStreamParser()
    var events: [ParsedEvent] = []
    try parser.feed(bytes) { events.append($0) }
    return (events, parser)
  }

  @Test(arguments: GrammarRow.lines + GrammarRow.fields + GrammarRow.ids + GrammarRow.retries)
  func `the grammar is read as WHATWG HTML says`(_ row: GrammarRow) throws {
    let (events, parser) = try Self.run(Array(row.stream.utf8))
    #expect(events == row.events)
    #expect(parser.lastEventID == row.lastEventID)
    #expect(parser.retryMilliseconds == row.retryMilliseconds)
  }

  private static let notUTF8: [([UInt8], String)] = [
    ([0xFF], "\u{FFFD}"),
    ([0xC0, 0x80], "\u{FFFD}\u{FFFD}"),  // an overlong NUL
    ([0xED, 0xA0, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}"),  // a surrogate
    ([0xE2, 0x82], "\u{FFFD}"),  // a character that the line end cuts off
    ([0xF0, 0x9F, 0x92, 0x41], "\u{FFFD}A"),
    ([0xF4, 0x90, 0x80, 0x80], "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),  // beyond U+10FFFF
    ([0x80, 0xE2, 0x82, 0xAC], "\u{FFFD}€"),
  ]

  @Test(arguments: notUTF8)
  func `bytes that are not UTF-8 become U+FFFD, as WHATWG Encoding says`(
    _ bytes: [UInt8], _ text: String
  ) throws {
    let stream =
      Array("event: ".utf8) + bytes + Array("\nid: ".utf8) + bytes + Array("\ndata: ".utf8) + bytes
      + Array("\n\n".utf8)
    let (events, _) = try Self.run(stream)
    #expect(events == [ParsedEvent(type: text, data: text, lastEventID: text)])
  }
}
