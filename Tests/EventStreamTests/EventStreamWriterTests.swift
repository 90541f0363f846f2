import EventStream
import Testing

@Suite struct EventStreamWriterTests {
  @Test(
    arguments: [
      ("x", nil, nil, nil), ("x", "a", nil, nil), ("retry: 1\nevent: b", nil, nil, nil),
      ("x", nil, 7, 0..<9), ("retry: 1", "retry: 1", 7, 16..<25), ("", "e", 0, 9..<18),
    ] as [(String, String?, Int?, Range<Int>?)])
  func `the retry line is found where it was written, and nowhere else`(
    data: String, type: String?, retry: Int?, expected: Range<Int>?
  ) throws {
    var bytes: [UInt8] = []
    let type = try type.map { try EventType($0) }
    EventStreamWriter.appendFields(
      of: Event(type: type, data: data, retryMilliseconds: retry), to: &bytes)
    #expect(EventStreamWriter.retryLine(in: bytes.span) == expected)
    if let expected {
      #expect(String(decoding: bytes[expected], as: UTF8.self) == "retry: \(retry ?? -1)\n")
    }
    for count in bytes.indices {
      _ = EventStreamWriter.retryLine(in: bytes.span.extracting(0..<count))
    }
  }

  private static func text(_ write: (inout [UInt8]) throws -> Void) rethrows -> String {
    var bytes = Array("before|".utf8)
    try write(&bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func `a whole event has its id last, then the blank line`() throws {
    let event = Event(
      type: try EventType("price"), data: "{\"x\":1}", id: "6f2a91c4-42", retryMilliseconds: 2000)
    let text = try Self.text { try EventStreamWriter.append(event, to: &$0) }
    #expect(
      text == "before|event: price\nretry: 2000\ndata: {\"x\":1}\nid: 6f2a91c4-42\n\n")
  }

  @Test func `an event with data alone is one line and the blank line`() throws {
    let text = try Self.text { try EventStreamWriter.append(Event(data: "Hello"), to: &$0) }
    #expect(text == "before|data: Hello\n\n")
  }

  @Test func `fields alone have neither id nor blank line`() {
    let event = Event(data: "Hello", id: "7")
    #expect(
      Self.text { EventStreamWriter.appendFields(of: event, to: &$0) } == "before|data: Hello\n")
  }

  @Test(arguments: [
    ("", ["data: "]),
    (" ", ["data:  "]),
    ("a\nb", ["data: a", "data: b"]),
    ("a\rb", ["data: a", "data: b"]),
    ("a\r\nb", ["data: a", "data: b"]),
    ("a\n\rb", ["data: a", "data: ", "data: b"]),
    ("a\r\r\nb", ["data: a", "data: ", "data: b"]),
    ("a\n", ["data: a", "data: "]),
    ("\r\n", ["data: ", "data: "]),
    ("\n\n", ["data: ", "data: ", "data: "]),
    ("data: a\nid: 1", ["data: data: a", "data: id: 1"]),
    ("\u{FEFF}\0\u{2028}\u{85}", ["data: \u{FEFF}\0\u{2028}\u{85}"]),
  ])
  func `data has a line for each of its lines`(_ data: String, _ lines: [String]) {
    let text = Self.text { EventStreamWriter.appendFields(of: Event(data: data), to: &$0) }
    #expect(text == "before|" + lines.map { $0 + "\n" }.joined())
  }

  @Test(arguments: [
    ("", ":\n"), ("nothing to send", ": nothing to send\n"), ("a\rb\r\nc\n", ": a\n: b\n: c\n: \n"),
  ])
  func `a comment has a line for each of its lines`(_ comment: String, _ expected: String) {
    let text = Self.text { EventStreamWriter.appendComment(comment, to: &$0) }
    #expect(text == "before|" + expected)
  }

  @Test(arguments: [0, 7, 10, 2000, 1_000_000, Int.max])
  func `retry is written in digits`(_ milliseconds: Int) {
    let text = Self.text { EventStreamWriter.appendRetry(milliseconds: milliseconds, to: &$0) }
    #expect(text == "before|retry: \(milliseconds)\n")
  }

  @Test func `a negative retry traps`() async {
    await #expect(processExitsWith: .failure) {
      var bytes: [UInt8] = []
      EventStreamWriter.appendRetry(milliseconds: -20, to: &bytes)
    }
  }

  @Test func `an empty id has a line, and the end is a blank one`() throws {
    #expect(try Self.text { try EventStreamWriter.appendID("", to: &$0) } == "before|id: \n")
    #expect(Self.text { EventStreamWriter.appendEnd(to: &$0) } == "before|\n")
  }

  @Test func `texts of all lengths are written whole, in small strings and in large ones`() throws {
    for count in 0...70 {
      let text = String("0123456789".prefix(count % 10)) + String(repeating: "é", count: count)
      var bytes: [UInt8] = []
      EventStreamWriter.appendFields(
        of: Event(type: try EventType("n\(text)"), data: text), to: &bytes)
      try EventStreamWriter.appendID(text, to: &bytes)
      EventStreamWriter.appendComment("c\(text)", to: &bytes)
      let expected = "event: n\(text)\ndata: \(text)\nid: \(text)\n: c\(text)\n"
      #expect(bytes == Array(expected.utf8))
    }
  }
}
