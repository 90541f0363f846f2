import EventStream

@testable import FileQueue

/// The writer of records: of any fields it makes a record that the reader takes back, or refuses them.
///
/// The input is retry, expiry, own time, clock and last time as eight bytes each, with a ninth that says
/// which of them there are, then topic, type and data with newlines between the first two.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  var fields = FieldBytes(bytes)
  do {
    try check(&fields)
  } catch is QueueError {
    return 0
  } catch is EventStreamError {
    return 0
  } catch {
    fatalError("does not hold: nothing else is thrown: \(error)")
  }
  return 0
}

/// Takes fields off the front of an input.
private struct FieldBytes {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) { rest = bytes[...] }

  mutating func byte() -> UInt8 { rest.popFirst() ?? 0 }

  mutating func number() -> Int64 {
    Int64(bitPattern: (0..<8).reduce(UInt64(0)) { number, _ in number << 8 | UInt64(byte()) })
  }

  mutating func line() -> String {
    let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
    defer { rest = rest[end...].dropFirst() }
    return String(decoding: rest[..<end], as: UTF8.self)
  }

  mutating func all() -> String { String(decoding: rest, as: UTF8.self) }
}

private let epoch = HexadecimalDigits(0x6f2a_91c4)

private func check(_ fields: inout FieldBytes) throws {
  let retry = Int(fields.number())
  let expiresAt = fields.number()
  let publishedAt = fields.number()
  var times = PublishTimes(after: fields.number(), now: fields.number())
  let sequence = UInt64(bitPattern: fields.number()) % QueueLimits.sequenceMaximum + 1
  let given = fields.byte()
  let topic = try Topic(fields.line())
  let type = fields.line()
  let event = Event(
    type: given & 1 == 0 ? nil : try EventType(type), data: fields.all(),
    retryMilliseconds: given & 2 == 0 ? nil : retry)
  let pending = try PendingEvent(
    event, topic: topic, expiresAt: given & 4 == 0 ? nil : expiresAt,
    publishedAt: given & 8 == 0 ? nil : publishedAt)
  let time = times.next(pending.publishedAt)
  var bytes: [UInt8] = []
  RecordWriter.append(
    pending, sequence: sequence, time: DecimalDigits(UInt64(time)), epochDigits: epoch, to: &bytes)
  guard let record = RecordParser.whole(bytes.span, at: 0) else {
    fatalError("does not hold: what is written is read: \(RecordParser.parse(bytes.span, at: 0))")
  }
  require(record.byteCount == bytes.count, "it is one record: \(record)")
  require(
    (record.sequence, record.unixMilliseconds) == (sequence, time), "it is \(sequence) of \(time)")
  require(
    record.expiresAt == (given & 4 == 0 ? .max : expiresAt), "its expiry is \(expiresAt)")
  require(
    RecordParser.endsWithItsID(record, bytes.span, epochDigits: epoch), "it ends with its id")
  require(Topic(encoded: bytes.span.extracting(record.topic)) == topic, "its topic is \(topic)")
  try checkBody(Array(bytes[record.body]), event)
}

private func checkBody(_ body: [UInt8], _ event: Event) throws {
  var parsed: [ParsedEvent] = []
  var parser = EventStreamParser()
  try parser.feed(body) { parsed.append($0) }
  require(parsed.count == 1, "the body is one event: \(parsed)")
  require(parsed[0].type == event.type?.text ?? "message", "of its type: \(parsed[0])")
  require(parser.retryMilliseconds == event.retryMilliseconds, "with its retry: \(event)")
  // But for line ends, which all become LF.
  let isKept = { (byte: UInt8) in byte != UInt8(ascii: "\r") && byte != UInt8(ascii: "\n") }
  require(
    parsed[0].data.utf8.filter(isKept) == event.data.utf8.filter(isKept),
    "with its data: \(parsed[0])")
}
