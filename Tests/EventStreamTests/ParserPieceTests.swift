import EventStream
import Testing

@Suite struct ParserPieceTests {
  /// Line ends of all kinds, a BOM, characters of several bytes, wrong bytes: all that a cut can hurt.
  private static let stream: [UInt8] =
    Array("\u{FEFF}retry: 1500\r\ndata: é€💡\r\ndata\rdata:b\n\r\n: comment\r\r\nid: 1\r\n\r\n".utf8)
    + Array("event: prix €\ndata: x\r\nid: 2-€\n\n".utf8)
    + Array("data: ".utf8) + [0xE2, 0x82, 0x0D, 0x0A, 0x0D, 0xF0, 0x9F, 0x0A]
    + Array("data: \r\rid: 3\0\ndata:  y\n\ndata: cut off\nid: 4\n".utf8)

  private static let events = [
    ParsedEvent(data: "é€💡\n\nb"),
    ParsedEvent(type: "prix €", data: "x", lastEventID: "2-€"),
    ParsedEvent(data: "\u{FFFD}", lastEventID: "2-€"),
    ParsedEvent(data: "", lastEventID: "2-€"),
    ParsedEvent(data: " y", lastEventID: "2-€"),
  ]

  private static func feed(
    _ pieces: [ArraySlice<UInt8>]
  ) throws -> (events: [ParsedEvent], parser: EventStreamParser) {
    var parser = EventStreamParser()
    var events: [ParsedEvent] = []
    for piece in pieces { try parser.feed(Array(piece)) { events.append($0) } }
    return (events, parser)
  }

  private static func expectAll(_ pieces: [ArraySlice<UInt8>], _ comment: Comment) throws {
    let (events, parser) = try feed(pieces)
    #expect(events == Self.events, comment)
    #expect(parser.lastEventID == "2-€", comment)
    #expect(parser.retryMilliseconds == 1500, comment)
  }

  @Test func `a stream in one piece gives all its events`() throws {
    try Self.expectAll([Self.stream[...]], "whole")
  }

  @Test func `a stream cut in three, anywhere, gives the same events`() throws {
    for first in Self.stream.indices {
      for second in first..<Self.stream.endIndex {
        let pieces = [Self.stream[..<first], Self.stream[first..<second], Self.stream[second...]]
        try Self.expectAll(pieces, "cut at \(first) and \(second)")
      }
    }
  }

  @Test(arguments: 1...7)
  func `a stream in small pieces, with empty ones between, gives the same events`(
    _ size: Int
  ) throws {
    var pieces: [ArraySlice<UInt8>] = []
    for start in stride(from: 0, to: Self.stream.count, by: size) {
      pieces += [Self.stream[start...].prefix(size), []]
    }
    try Self.expectAll(pieces, "pieces of \(size)")
  }

  @Test func `an event is given at the CR of its blank line, before the LF has come`() throws {
    let (events, _) = try Self.feed([Array("data: a\r\n\r".utf8)[...]])
    #expect(events == [ParsedEvent(data: "a")])
  }

  @Test func `a stream that ends anywhere gives the events whose blank line it has`() throws {
    for end in Self.stream.indices {
      let (events, parser) = try Self.feed([Self.stream[..<end]])
      #expect(Self.events.starts(with: events), "ended at \(end)")
      #expect(["", "1", "2-€"].contains(parser.lastEventID), "ended at \(end)")
    }
  }

  @Test func `what the receiver throws comes out`() throws {
    struct Stop: Error {}
    var parser = EventStreamParser()
    var count = 0
    #expect(throws: Stop.self) {
      try parser.feed(Array("data: a\n\ndata: b\n\n".utf8)) { _ in
        count += 1
        throw Stop()
      }
    }
    #expect(count == 1)
  }
}
