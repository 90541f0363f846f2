import EventStream
import Support
import Testing

@testable import FileQueue

/// What the writer renders, the reader takes back.
struct EventLimitsTests {
  private static let epoch: UInt32 = 0x6f2a_91c4

  private struct Fields {
    var topic = Topic.default
    var event = Event(data: "x")
    var expiresAt: Int64?
    var publishedAt: Int64?

    /// Whether they are within the limits, by the limits alone.
    var areAllowed: Bool {
      let times = [expiresAt ?? 0, publishedAt ?? 0]
      return (event.retryMilliseconds.map { (0...86_400_000).contains($0) } ?? true)
        && times.allSatisfy {
          (0...253_402_300_799_999).contains($0) && !(1_000_000_000..<100_000_000_000).contains($0)
        }
    }
  }

  private static func render(
    _ event: PendingEvent, sequence: UInt64, after last: Int64, now: Int64
  ) -> (bytes: [UInt8], time: Int64) {
    var times = PublishTimes(after: last, now: now)
    let time = times.next(event.publishedAt)
    var bytes: [UInt8] = []
    RecordWriter.append(
      event, sequence: sequence, time: DecimalDigits(UInt64(time)),
      epochDigits: HexadecimalDigits(epoch), to: &bytes)
    return (bytes, time)
  }

  private static func expect(
    _ fields: Fields, sequence: UInt64, after last: Int64 = 0, now: Int64 = 1_800_000_000_000
  ) throws {
    let pending: PendingEvent
    do {
      pending = try PendingEvent(
        fields.event, topic: fields.topic, expiresAt: fields.expiresAt,
        publishedAt: fields.publishedAt)
    } catch QueueError.invalidField(let name, let value, let rule) {
      #expect(!fields.areAllowed, "\(name) is \(value); it is \(rule)")
      return
    }
    #expect(fields.areAllowed, "\(fields)")
    let (bytes, time) = render(pending, sequence: sequence, after: last, now: now)
    guard case .record(let record) = RecordParser.parse(bytes.span, at: 0) else {
      let outcome = RecordParser.parse(bytes.span, at: 0)
      Issue.record("\(outcome): \(String(decoding: bytes, as: UTF8.self))")
      return
    }
    let whole = RecordParser.whole(bytes.span, at: 0)
    #expect(whole == record)
    let endsWithItsID = RecordParser.endsWithItsID(
      record, bytes.span, epochDigits: HexadecimalDigits(epoch))
    #expect(endsWithItsID)
    #expect(record.byteCount == bytes.count)
    #expect(record.sequence == sequence)
    #expect(record.unixMilliseconds == time)
    #expect(record.expiresAt == fields.expiresAt ?? .max)
    let topic = Topic(encoded: bytes.span.extracting(record.topic))
    #expect(topic == fields.topic)
    var parsed: [ParsedEvent] = []
    var parser = EventStreamParser()
    try parser.feed(Array(bytes[record.body])) { parsed.append($0) }
    let lines = lines(of: fields.event.data)
    #expect(
      parsed == [
        ParsedEvent(
          type: fields.event.type?.text ?? "message", data: lines,
          lastEventID: EventID(epoch: epoch, sequence: sequence).description)
      ])
    #expect(parser.retryMilliseconds == fields.event.retryMilliseconds)
  }

  /// `text` with LF for each of its line ends.
  private static func lines(of text: String) -> String {
    var bytes: [UInt8] = []
    var last: UInt8 = 0
    for byte in text.utf8 {
      let isRest = byte == UInt8(ascii: "\n") && last == UInt8(ascii: "\r")
      if !isRest { bytes.append(byte == UInt8(ascii: "\r") ? UInt8(ascii: "\n") : byte) }
      last = byte
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A number that is an edge of something, or near one, or any.
  private static func number(_ random: inout SeededGenerator) -> Int64 {
    let edges: [Int64] = [
      0, 86_400_000, 1_000_000_000, 100_000_000_000, 1_800_000_000_000, 253_402_300_799_999,
      .max / 100, .max / 10, 999_999_999_999_999_999, 1_000_000_000_000_000_000, .min, .max,
    ]
    switch Int.random(in: 0..<3, using: &random) {
    case 0: return Int64.random(in: .min ... .max, using: &random)
    case 1:
      return Int64.random(in: 0 ... .max, using: &random)
        >> Int64.random(in: 0..<63, using: &random)
    default:
      return (edges.randomElement(using: &random) ?? 0) &+ Int64.random(in: -2...2, using: &random)
    }
  }

  @Test func `fields of any values are refused, or rendered so that they are taken back`() throws {
    var random = SeededGenerator()
    let parts = [
      "a", " ", "%", "é", "\u{301}", "😀", ".", ":", ": ", "data: ", "\u{2028}", "expires=1",
    ]
    let lines = ["\n", "\r", "\r\n", "\n\n", ": 1 2 3 00000000 t\n", "id: 6f2a91c4-7\n\n"]
    let data = parts + lines + ["\0", "\u{FEFF}"]
    for _ in 0..<3000 {
      var fields = Fields()
      fields.topic = (try? Topic(random.text(of: parts, 1...90))) ?? .default
      fields.event = Event(
        type: try? EventType(random.text(of: parts, 0...90)), data: random.text(of: data, 0...12))
      if Bool.random(using: &random) {
        fields.event.retryMilliseconds = Int(Self.number(&random))
      }
      if Bool.random(using: &random) { fields.expiresAt = Self.number(&random) }
      if Bool.random(using: &random) { fields.publishedAt = Self.number(&random) }
      let sequence = UInt64(Self.number(&random).magnitude) % QueueLimits.sequenceMaximum
      try Self.expect(
        fields, sequence: sequence + 1, after: Self.number(&random), now: Self.number(&random))
    }
  }

  @Test func `the longest head there can be is one that a reader takes`() throws {
    let fields = Fields(
      topic: try Topic(String(repeating: "%", count: 255)), event: Event(data: "x"),
      expiresAt: QueueLimits.unixMilliseconds.upperBound,
      publishedAt: QueueLimits.unixMilliseconds.upperBound)
    try Self.expect(fields, sequence: QueueLimits.sequenceMaximum, after: .max, now: .max)
  }

  @Test func `the largest body is taken back, and one byte more is refused`() throws {
    let frame = "data: \n".utf8.count + "id: 6f2a91c4-999999999999999999\n\n".utf8.count
    let largest = String(repeating: "x", count: QueueLimits.bodyByteCountMaximum - frame)
    try Self.expect(Fields(event: Event(data: largest)), sequence: QueueLimits.sequenceMaximum)
    #expect(throws: QueueError.self) {
      try PendingEvent(Event(data: largest + "x"), topic: .default)
    }
  }

  @Test(arguments: [
    (Int64(1_732_147_200), "looks like seconds"),
    (1_732_147_200_123_456, "looks like microseconds"),
    (1_732_147_200_123_456_789, "looks like nanoseconds"), (-1, "from 0 to 253402300799999"),
  ])
  func `a time in another unit is refused with the unit that it looks like`(
    time: Int64, word: String
  ) throws {
    for name in ["time", "expires"] {
      do {
        _ = try PendingEvent(
          Event(data: "x"), topic: .default, expiresAt: name == "expires" ? time : nil,
          publishedAt: name == "time" ? time : nil)
        Issue.record("\(name) \(time) is taken")
      } catch {
        let rule = "\(name) is \(time); it is a number of milliseconds since 1970"
        #expect("\(error)".hasPrefix(rule))
        #expect("\(error)".contains(word))
      }
    }
  }

  @Test func `a record with a time of 19 digits, as they were once written, is read`() throws {
    let event = try PendingEvent(Event(data: "x"), topic: .default)
    for time in [1_732_147_200_123_456_789, UInt64(Int64.max), 9_999_999_999_999_999_999] {
      var bytes: [UInt8] = []
      RecordWriter.append(
        event, sequence: 1, time: DecimalDigits(time), epochDigits: HexadecimalDigits(Self.epoch),
        to: &bytes)
      let record = RecordParser.whole(bytes.span, at: 0)
      #expect(record?.unixMilliseconds == Int64(clamping: time))
    }
  }

  @Test func `numbers of any length in a head, and heads that end anywhere, trap nothing`() {
    for count in 0...40 {
      let digits = String(repeating: "9", count: count)
      for head in [
        ": \(digits) 1 1 00000000 t\n", ": 1 \(digits) 1 00000000 t\n",
        ": 1 1 \(digits) 00000000 t\n", ": 1 1 1 00000000 t expires=\(digits)\n",
      ] {
        let bytes = Array(head.utf8)
        for end in 0...bytes.count {
          if case .record = RecordParser.parse(Array(bytes[..<end]).span, at: 0) {
            Issue.record("\(head) is no record")
          }
        }
      }
    }
  }
}
