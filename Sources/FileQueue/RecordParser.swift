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
    guard let head = scanner.head(Self.headPlace(bytes, at: start)) else {
      return unfinished(bytes, start: start, scanner)
    }
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
  /// begin of a line is one. Elsewhere, where the damage took the newline before it, its line does
  /// not begin with a field as published text does, and it brings a later id, which the event
  /// `expected` cannot.
  ///
  /// - Parameter limit: the lowest sequence that cannot stand in the segment.
  static func search(
    _ bytes: Span<UInt8>, from start: Int, expected: UInt64, below limit: UInt64,
    epochDigits: [UInt8]
  ) -> RecordLayout? {
    var lineStart = start
    for index in start..<max(start, bytes.count - 1) {
      if bytes[index] == UInt8(ascii: "\n") { lineStart = index + 1 }
      guard bytes[index] == UInt8(ascii: ":"), bytes[index + 1] == UInt8(ascii: " ") else {
        continue
      }
      var scanner = HeadScanner(position: index)
      guard let head = scanner.head(headPlace(bytes, at: index)),
        index == lineStart
          ? head.layout.sequence >= expected
          : head.layout.sequence > expected && !beginsWithField(bytes, at: lineStart),
        head.layout.sequence < limit,
        head.layout.body.upperBound <= bytes.count,
        endsWithItsID(head.layout, bytes, epochDigits: epochDigits), head.checksumIsRight(bytes)
      else { continue }
      return head.layout
    }
    return nil
  }

  /// The bytes in which a head that begins at `start` has to end.
  @inline(__always)
  @_lifetime(copy bytes)
  private static func headPlace(_ bytes: Span<UInt8>, at start: Int) -> Span<UInt8> {
    bytes.extracting(0..<min(bytes.count, start + QueueLimits.headByteCountMaximum))
  }

  /// Whether a line begins as those do in which published text stands.
  private static func beginsWithField(_ bytes: Span<UInt8>, at start: Int) -> Bool {
    for field in ["data: ", "event: "] {
      let count = field.utf8.count
      guard start + count <= bytes.count else { continue }
      if zip(field.utf8, start..<(start + count)).allSatisfy({ $0 == bytes[$1] }) { return true }
    }
    return false
  }

  /// Whether a record's last line is the id that its sequence and the epoch make.
  static func endsWithItsID(
    _ layout: RecordLayout, _ bytes: Span<UInt8>, epochDigits: [UInt8]
  ) -> Bool {
    let digitCount = layout.sequence.decimalDigitCount
    let prefix = layout.body.upperBound - 2 - digitCount - 1 - epochDigits.count - 4
    guard prefix >= layout.body.lowerBound else { return false }
    var scanner = IDScanner(position: prefix)
    return scanner.expectIDField(bytes) && scanner.expect(epochDigits, bytes)
      && scanner.expectSequence(layout.sequence, digitCount, bytes)
  }

  private static func unfinished(
    _ bytes: Span<UInt8>, start: Int, _ scanner: HeadScanner
  ) -> ParsedRecord {
    if scanner.position - start >= QueueLimits.headByteCountMaximum {
      return .damaged(reason: "the head has no end")
    }
    if scanner.position >= bytes.count {
      return .cutOff(byteCountNeeded: bytes.count - start + 1)
    }
    return .damaged(reason: "no record's head")
  }
}

/// Walks along an id line without making one to compare with.
private struct IDScanner {
  var position: Int

  mutating func expectIDField(_ bytes: Span<UInt8>) -> Bool {
    defer { position += 4 }
    return bytes[position] == UInt8(ascii: "i") && bytes[position + 1] == UInt8(ascii: "d")
      && bytes[position + 2] == UInt8(ascii: ":") && bytes[position + 3] == UInt8(ascii: " ")
  }

  mutating func expect(_ digits: [UInt8], _ bytes: Span<UInt8>) -> Bool {
    defer { position += digits.count }
    for index in digits.indices where bytes[position + index] != digits[index] { return false }
    return true
  }

  mutating func expectSequence(
    _ sequence: UInt64, _ digitCount: Int, _ bytes: Span<UInt8>
  ) -> Bool {
    guard bytes[position] == UInt8(ascii: "-") else { return false }
    var rest = sequence
    for index in stride(from: position + digitCount, to: position, by: -1) {
      guard bytes[index] == UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10) else {
        return false
      }
      rest /= 10
    }
    position += 1 + digitCount
    return bytes[position] == UInt8(ascii: "\n") && bytes[position + 1] == UInt8(ascii: "\n")
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
    guard let checksum = checksum(bytes), let topic = topic(bytes),
      let expiresAt = attributes(bytes)
    else { return nil }
    let body = position..<(position + Int(bodyByteCount))
    return ParsedHead(
      layout: RecordLayout(
        sequence: sequence, unixMilliseconds: Int64(time), expiresAt: expiresAt, start: start,
        topic: topic, body: body),
      checksum: checksum, field: field)
  }

  mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// A decimal number of at most 18 digits and the space behind it.
  mutating func decimal(_ bytes: Span<UInt8>) -> UInt64? {
    let start = position
    let end = min(bytes.count, start + 19)
    var value: UInt64 = 0
    while position < end {
      let digit = bytes[position] &- UInt8(ascii: "0")
      if digit > 9 { break }
      value = value &* 10 &+ UInt64(digit)
      position &+= 1
    }
    guard position > start, position - start <= 18, position < bytes.count,
      bytes[position] == UInt8(ascii: " ")
    else { return nil }
    position &+= 1
    return value
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
      position &+= 1
    }
    return nil
  }

  /// `name=value` attributes and the end of the line; returns when the event expires.
  mutating func attributes(_ bytes: Span<UInt8>) -> Int64? {
    var expiresAt = Int64.max
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\n") {
        position += 1
        return expiresAt
      }
      if let value = expiry(bytes) {
        expiresAt = value
      } else {
        skipAttribute(bytes)
      }
    }
    return nil
  }

  /// The value of the attribute that begins here, if it is ` expires=` and a number.
  private mutating func expiry(_ bytes: Span<UInt8>) -> Int64? {
    let name = RecordAttribute.expires
    guard position + name.count < bytes.count else { return nil }
    for index in name.indices where bytes[position + index] != name[index] { return nil }
    var index = position + name.count
    var value: Int64 = 0
    while index < bytes.count, value < Int64.max / 100,
      bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9")
    {
      value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0"))
      index += 1
    }
    guard index > position + name.count, index < bytes.count,
      bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\n")
    else { return nil }
    position = index
    return value
  }

  private mutating func skipAttribute(_ bytes: Span<UInt8>) {
    position += 1
    while position < bytes.count, bytes[position] != UInt8(ascii: " "),
      bytes[position] != UInt8(ascii: "\n")
    {
      position += 1
    }
  }
}
