import EventStream
import Testing

@Suite struct ParserLimitTests {
  private static let limit = 100
  private static let tooLarge = EventStreamError.eventTooLarge(byteCountMaximum: limit)

  /// The events up to the end or the error, fed in pieces of `size` bytes.
  private static func feed(
    _ text: String, size: Int
  ) throws -> (events: [ParsedEvent], error: EventStreamError?) {
    var parser = EventStreamParser(eventByteCountMaximum: limit)
    var events: [ParsedEvent] = []
    let bytes = Array(text.utf8)
    do {
      for start in stride(from: 0, to: bytes.count, by: size) {
        try parser.feed(Array(bytes[start..<min(start + size, bytes.count)])) { events.append($0) }
      }
    } catch let error as EventStreamError {
      return (events, error)
    }
    return (events, nil)
  }

  private static let small = "data: small\n\n"

  @Test(arguments: [1, 7, 1000])
  func `a line at the limit passes and one byte more is an error`(_ size: Int) throws {
    let fits = String(repeating: "x", count: 94)
    #expect(
      try Self.feed("data: \(fits)\n\n", size: size) == ([ParsedEvent(data: fits)], nil))
    let (events, error) = try Self.feed(Self.small + "data: \(fits)x\n\n", size: size)
    #expect(events == [ParsedEvent(data: "small")])
    #expect(error == Self.tooLarge)
  }

  @Test(arguments: [1, 7, 1000])
  func `lines of data add up to the limit`(_ size: Int) throws {
    let line = "data: 789\n"  // 4 bytes of data, 9 of line
    let fits = Self.small + String(repeating: line, count: 23) + "\n"  // 22 × 4 + 9 = 97
    #expect(try Self.feed(fits, size: size).events.count == 2)
    let (events, error) = try Self.feed(
      Self.small + String(repeating: line, count: 24) + "\n", size: size)
    #expect(events.count == 1)
    #expect(error == Self.tooLarge)
  }

  @Test(arguments: [": ", "id: ", "event: ", "unknown: "])
  func `a line of any kind that never ends is an error`(_ name: String) throws {
    let endless = name + String(repeating: "x", count: 101)
    #expect(try Self.feed(endless, size: 10).error == Self.tooLarge)
  }

  @Test func `a stream may live forever: what has ended does not add up`() throws {
    let stream = String(repeating: ": heartbeat\nid: 12\nunknown: x\n", count: 100)
    #expect(try Self.feed(stream, size: 50).error == nil)
    let blocks = String(repeating: "data: a\n\n", count: 100)
    let events = Array(repeating: ParsedEvent(data: "a"), count: 100)
    #expect(try Self.feed(blocks, size: 50) == (events, nil))
  }

  @Test func `a limit below one byte traps`() async {
    await #expect(processExitsWith: .failure) { _ = EventStreamParser(eventByteCountMaximum: 0) }
  }

  @Test func `the default limit takes an event of a megabyte`() throws {
    let data = String(repeating: "0123456789abcdef", count: 1 << 16)
    var bytes: [UInt8] = []
    try EventStreamWriter.append(Event(data: data), to: &bytes)
    var parser = EventStreamParser()
    var events: [ParsedEvent] = []
    try parser.feed(bytes.span) { events.append($0) }
    #expect(events == [ParsedEvent(data: data)])
  }
}
