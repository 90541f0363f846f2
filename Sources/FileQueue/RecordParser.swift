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
    guard let head = scanner.head(bytes) else { return unfinished(bytes, start: start, scanner) }
    guard head.layout.body.count <= QueueLimits.bodyByteCountMaximum else {
      return .damaged(reason: "a body of \(head.layout.body.count) bytes is beyond the limit")
    }
    guard head.layout.body.upperBound <= bytes.count else {
      return .cutOff(byteCountNeeded: head.layout.byteCount)
    }
    return head.checksumIsRight(bytes)
      ? .record(head.layout) : .damaged(reason: "the checksum is wrong")
  }

  /// Finds the first whole record behind damage.
  ///
  /// Published text must not be taken for a record. It never begins a line, so a record at the
  /// begin of a line is one. Elsewhere, where the damage took the newline before it, the id line
  /// tells: text inside the event `expected` can't bring a blank line and a later id.
  static func search(
    _ bytes: Span<UInt8>, from start: Int, expected: UInt64, epochDigits: [UInt8]
  ) -> RecordLayout? {
    var index = start
    while index + 1 < bytes.count {
      defer { index += 1 }
      guard bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == UInt8(ascii: " ") else {
        continue
      }
      let isLineStart = index == 0 || bytes[index - 1] == UInt8(ascii: "\n")
      var scanner = HeadScanner(position: index)
      guard let head = scanner.head(bytes),
        head.layout.sequence > expected || isLineStart && head.layout.sequence == expected,
        head.layout.body.upperBound <= bytes.count,
        endsWithItsID(head.layout, bytes, epochDigits: epochDigits), head.checksumIsRight(bytes)
      else { continue }
      return head.layout
    }
    return nil
  }

  /// Whether a record's last line is the id that its sequence and the epoch make.
  static func endsWithItsID(
    _ layout: RecordLayout, _ bytes: Span<UInt8>, epochDigits: [UInt8]
  ) -> Bool {
    let ending = Array("id: ".utf8) + epochDigits + Array("-\(layout.sequence)\n\n".utf8)
    guard layout.body.count >= ending.count else { return false }
    let start = layout.body.upperBound - ending.count
    for index in ending.indices where bytes[start + index] != ending[index] { return false }
    return true
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

/// A head that was read, of a record whose checksum was not looked at yet.
private struct ParsedHead {
  let layout: RecordLayout
  let checksum: UInt32
  /// Where the checksum stands.
  let field: Int

  func checksumIsRight(_ bytes: Span<UInt8>) -> Bool {
    RecordChecksum.of(bytes, start: layout.start, field: field, end: layout.body.upperBound)
      == checksum
  }
}

/// Walks along the fields of a head; a failed step leaves the position where it failed.
private struct HeadScanner {
  var position: Int

  mutating func head(_ bytes: Span<UInt8>) -> ParsedHead? {
    let start = position
    guard expect(UInt8(ascii: ":"), bytes), expect(UInt8(ascii: " "), bytes),
      let sequence = decimal(bytes), let time = decimal(bytes), let bodyByteCount = decimal(bytes)
    else { return nil }
    let field = position
    guard let checksum = checksum(bytes), let topic = topic(bytes), skipAttributes(bytes) else {
      return nil
    }
    let body = position..<(position + Int(bodyByteCount))
    return ParsedHead(
      layout: RecordLayout(
        sequence: sequence, unixMilliseconds: Int64(time), start: start, topic: topic, body: body),
      checksum: checksum, field: field)
  }

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
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9"), position - start < 18 else {
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
