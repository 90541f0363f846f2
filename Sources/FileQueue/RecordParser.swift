/// What stands at a place where a record should begin.
enum ParsedRecord {
  /// A whole record whose checksum is right.
  case record(RecordLayout)
  /// The bytes end before the record does; it needs at least so many from its start.
  case cutOff(byteCountNeeded: Int)
  /// No record, and no first part of one.
  case damaged(reason: String)
}

/// Reads records out of bytes; see <doc:Format>.
enum RecordParser {
  /// Parses the record that begins at `start`.
  static func parse(_ bytes: Span<UInt8>, at start: Int) -> ParsedRecord {
    var scanner = HeadScanner(position: start)
    guard scanner.expect(UInt8(ascii: ":"), bytes), scanner.expect(UInt8(ascii: " "), bytes),
      let sequence = scanner.decimal(bytes), let time = scanner.decimal(bytes),
      let bodyByteCount = scanner.decimal(bytes)
    else { return unfinished(bytes, start: start, scanner) }
    guard bodyByteCount <= QueueLimits.bodyByteCountMaximum, time <= Int64.max else {
      return .damaged(reason: "a body of \(bodyByteCount) bytes is beyond the limit")
    }
    let field = scanner.position
    guard let checksum = scanner.checksum(bytes), let topic = scanner.topic(bytes),
      scanner.skipAttributes(bytes)
    else { return unfinished(bytes, start: start, scanner) }
    let body = scanner.position..<(scanner.position + Int(bodyByteCount))
    guard body.upperBound <= bytes.count else {
      return .cutOff(byteCountNeeded: body.upperBound - start)
    }
    let actual = RecordChecksum.of(bytes, start: start, field: field, end: body.upperBound)
    guard actual == checksum else { return .damaged(reason: "the checksum is wrong") }
    return .record(
      RecordLayout(
        sequence: sequence, unixMilliseconds: Int64(time), start: start, topic: topic, body: body))
  }

  /// Finds the first whole record at or after `start` whose sequence is above `sequence`.
  static func search(
    _ bytes: Span<UInt8>, from start: Int, sequenceAbove sequence: UInt64
  ) -> RecordLayout? {
    var index = start
    while index + 1 < bytes.count {
      let isLineStart = index == 0 || bytes[index - 1] == UInt8(ascii: "\n")
      if isLineStart, bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == UInt8(ascii: " "),
        case .record(let layout) = parse(bytes, at: index), layout.sequence > sequence
      {
        return layout
      }
      index += 1
    }
    return nil
  }

  private static func unfinished(
    _ bytes: Span<UInt8>, start: Int, _ scanner: HeadScanner
  ) -> ParsedRecord {
    if scanner.position - start > QueueLimits.headByteCountMaximum {
      return .damaged(reason: "the head has no end")
    }
    if scanner.position >= bytes.count {
      return .cutOff(byteCountNeeded: bytes.count - start + 1)
    }
    return .damaged(reason: "no record's head")
  }
}

/// Walks along the fields of a head; a failed step leaves the position where it failed.
private struct HeadScanner {
  var position: Int

  mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// A decimal number and the space behind it.
  mutating func decimal(_ bytes: Span<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: " ") {
        guard position > start else { return nil }
        position += 1
        return value
      }
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), position - start < 19 else {
        return nil
      }
      value = value &* 10 &+ UInt64(byte - UInt8(ascii: "0"))
      position += 1
    }
    return nil
  }

  /// Eight hexadecimal digits and the space behind them.
  mutating func checksum(_ bytes: Span<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for _ in 0..<RecordChecksum.digitCount {
      guard position < bytes.count, let digit = bytes[position].hexadecimalValue else {
        return nil
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return expect(UInt8(ascii: " "), bytes) ? value : nil
  }

  /// The topic, up to a space or the end of the line.
  mutating func topic(_ bytes: Span<UInt8>) -> Range<Int>? {
    let start = position
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") {
        return position > start ? start..<position : nil
      }
      position += 1
    }
    return nil
  }

  /// `name=value` attributes, of which this version knows none, and the end of the line.
  mutating func skipAttributes(_ bytes: Span<UInt8>) -> Bool {
    while position < bytes.count {
      position += 1
      if bytes[position - 1] == UInt8(ascii: "\n") { return true }
    }
    return false
  }
}
