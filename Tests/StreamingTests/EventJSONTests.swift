import EventStream
import Foundation
import Support
import Testing

@testable import FileQueue
@testable import Streaming

/// Streams of JSON say what event streams say, and every line is JSON.
struct EventJSONTests {
  private struct Line: Decodable, Hashable {
    let id: String
    let time: Int64
    let topics: [String]
    let event: String
    let data: String
  }

  private struct Page: Decodable {
    let events: [Line]
    let next: String
  }

  private static let hostile = [
    "\"", "\\", "\n", "\r\n", "\u{0}", "\u{1f}", "\t", "\u{7f}", "é", "\u{2028}", "🙂", "data: ",
    "id: ",
    "\nid: ", "\n\n", "}", "x", "%20", "event: weir.live\n",
  ]

  private static func lines(in text: String) throws -> [Line] {
    try text.utf8.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Line.self, from: Data($0))
    }
  }

  /// What a data field arrives as: its line breaks are all LF.
  private static func arrived(_ data: String) -> String {
    let bytes = Array(data.utf8)
    var result: [UInt8] = []
    for (place, byte) in bytes.enumerated() {
      if byte == 13 {
        result.append(10)
      } else if byte != 10 || place == 0 || bytes[place - 1] != 13 {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private func open(
    _ fixture: LoopFixture, from start: StreamStart, _ format: StreamFormat,
    signals: Set<StreamSignal> = [], topics: [String] = [">"]
  ) throws {
    try fixture.open(
      StreamRequest(
        try TopicFilter(topics), from: start, isPoll: format == .page, signals: signals,
        format: format))
  }

  @Test func `whatever is published, large and small, arrives as it does in an event stream`()
    throws
  {
    var random = SeededGenerator()
    let fixture = try LoopFixture()
    try open(fixture, from: .next, .lines)
    var right: [Line] = []
    for number in 1...60 {
      let isLarge = Int.random(in: 0..<6, using: &random) == 0
      let text = random.text(of: Self.hostile, isLarge ? 3000...30_000 : 0...60)
      let name = Bool.random(using: &random) ? "n\"\\é\u{1}" : nil
      let topics = ["a \"b\" %41", "ü", "c.d"].shuffled(using: &random).prefix(
        Int.random(in: 1...3, using: &random))
      try fixture.publish(
        text, topics: Array(topics), type: name, retry: Bool.random(using: &random) ? 5 : nil)
      right.append(
        Line(
          id: "\(fixture.queue.epochs.id(of: UInt64(number)))", time: 0, topics: Array(topics),
          event: name ?? "message", data: Self.arrived(text)))
    }
    try open(fixture, from: .oldest, .lines)
    try open(fixture, from: .last(1000), .lines, topics: ["*", "c.d"])
    try open(fixture, from: .oldest, .page)
    fixture.loop.runPass()
    let streams = try fixture.contents()
    for (index, stream) in streams.enumerated() {
      let lines: [Line]
      if index < 3 {
        lines = try Self.lines(in: stream)
      } else {
        let page = try JSONDecoder().decode(Page.self, from: Data(stream.utf8))
        lines = page.events
        #expect(page.next == right.last?.id)
      }
      let found = lines.map {
        Line(id: $0.id, time: 0, topics: $0.topics, event: $0.event, data: $0.data)
      }
      #expect(found == right, "stream \(index)")
      #expect(lines.allSatisfy { $0.time > 1_700_000_000_000 })
    }
  }

  @Test(arguments: [1, 2, 3, 7, 33, 1000])
  func `an event is the same, however it is cut into pieces`(byteCount: Int) throws {
    var random = SeededGenerator()
    for _ in 0..<20 {
      let data = random.text(of: Self.hostile, 1...80)
      var body: [UInt8] = []
      let event = Event(
        type: try EventType("name"), data: data, id: "6f2a91c4-1", retryMilliseconds: 7)
      try EventStreamWriter.append(event, to: &body)
      var whole: [UInt8] = []
      _ = EventJSON.appendFields(body.span, isFirst: true, byteCountMaximum: .max, to: &whole)
      var pieces: [UInt8] = []
      // The first piece has room for all that comes before the data.
      var place = 0
      var isDone = false
      while !isDone {
        let end = min(body.count, place + (place == 0 ? 300 : max(8, byteCount)))
        let piece = Array(body[place..<end])
        switch EventJSON.appendFields(
          piece.span, isFirst: place == 0, byteCountMaximum: byteCount, to: &pieces)
        {
        case .some(let count):
          #expect(count > 0)
          place += count
        case .all: isDone = true
        }
      }
      #expect(pieces == whole)
    }
  }

  @Test func `a page has a thousand events at most, and the next one goes on behind them`() throws {
    let fixture = try LoopFixture()
    try fixture.publishAtOnce((1...2500).map { "\($0)" })
    var start = StreamStart.oldest
    var found: [String] = []
    var counts: [Int] = []
    for index in 0..<4 {
      try open(fixture, from: start, .page, signals: [.live])
      let text = try fixture.contents()[index]
      let page = try JSONDecoder().decode(Page.self, from: Data(text.utf8))
      found += page.events.filter { $0.event == "message" }.map(\.data)
      counts.append(page.events.count)
      #expect((page.events.last?.event == "weir.live") == (index >= 2), "told once all is")
      start = .after(try #require(EventID(page.next)))
    }
    #expect(found == (1...2500).map { "\($0)" })
    #expect(counts == [1000, 1000, 501, 1])
    #expect(fixture.loop.subscribers.count == 0)
  }

  @Test func `gaps and signals are lines, and a silence is broken by a space`() throws {
    var configuration = StreamConfiguration()
    configuration.heartbeatInterval = .nanoseconds(1)
    let fixture = try LoopFixture(configuration, published: ["1", "2", "3"])
    try fixture.remove(segment: 1)
    try open(
      fixture, from: .after(EventID(epoch: fixture.queue.epoch, sequence: 0)), .lines,
      signals: [.live])
    try open(fixture, from: .next, .lines, signals: [.heartbeat])
    try open(fixture, from: .after(EventID(epoch: 1, sequence: 1)), .page)
    fixture.serve()
    fixture.loop.runTimers()
    try fixture.publish("4")
    fixture.loop.runPass()
    let streams = try fixture.contents()
    let lines = try Self.lines(in: streams[0])
    #expect(lines.map(\.event) == ["weir.gap", "message", "message", "weir.live", "message"])
    #expect(lines[0].data.contains("\"reason\":\"expired\"") && lines[0].topics.isEmpty)
    #expect(lines[3].id == lines[2].id)
    #expect(streams[0].contains("\n {"), "a space, and no line of its own")
    #expect(try Self.lines(in: streams[1]).map(\.event) == ["weir.heartbeat", "message"])
    let page = try JSONDecoder().decode(Page.self, from: Data(streams[2].utf8))
    #expect(page.events.map(\.event) == ["weir.gap", "message", "message"])
  }

  @Test func `what expires while the socket is full leaves lines that are JSON`() throws {
    let fixture = try LoopFixture()
    fixture.wall.set(1_000_000)
    try open(fixture, from: .next, .lines)
    let text = String(repeating: "x", count: 10_000)
    for number in 0..<200 {
      try fixture.publish("\(number) \(text)", expiresAt: number % 2 == 0 ? 1_000_001 : nil)
      if number % 4 == 3 { fixture.loop.runPass() }
    }
    fixture.wall.set(2_000_000)
    let lines = try Self.lines(in: try fixture.contents()[0])
    let numbers = lines.compactMap { $0.data.split(separator: " ").first.flatMap { Int($0) } }
    #expect(numbers.filter { $0 % 2 == 1 } == Array(stride(from: 1, to: 200, by: 2)))
    #expect(numbers.count < 200, "the rest has expired")
    #expect(numbers == numbers.sorted())
  }
}
