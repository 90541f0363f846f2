import Kernel

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
  /// The whole record that begins at `start`; nil where there is none, which ``parse(_:at:)`` tells
  /// the reason of.
  @inline(__always)
  static func whole(_ bytes: Span<UInt8>, at start: Int) -> RecordLayout? {
    var scanner = HeadScanner(position: start)
    guard let head = scanner.head(headPlace(bytes, at: start)),
      head.layout.body.count <= QueueLimits.bodyByteCountMaximum,
      head.layout.body.upperBound <= bytes.count, head.checksumIsRight(bytes)
    else { return nil }
    return head.layout
  }

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
    epochDigits: HexadecimalDigits
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
  @inline(__always)
  static func endsWithItsID(
    _ layout: RecordLayout, _ bytes: Span<UInt8>, epochDigits: HexadecimalDigits
  ) -> Bool {
    let digitCount = layout.sequence.decimalDigitCount
    // "id: ", the epoch, a hyphen, the sequence, the end of the line and the blank line.
    let line = layout.body.upperBound - 2 - digitCount - 1 - HexadecimalDigits.byteCount - 4
    guard line >= layout.body.lowerBound, bytes.littleEndian32(at: line) == idField,
      bytes.littleEndian64(at: line + 4) == epochDigits.word,
      bytes[line + 12] == UInt8(ascii: "-")
    else { return false }
    // The head begins with ": " and the same digits.
    for digit in 0..<digitCount
    where bytes[line + 13 + digit] != bytes[layout.start + 2 + digit] { return false }
    return bytes[line + 13 + digitCount] == UInt8(ascii: "\n")
      && bytes[line + 14 + digitCount] == UInt8(ascii: "\n")
  }

  /// The epoch's digits in the last line of a record, whichever they are; nil where that is no id.
  static func epochDigits(of layout: RecordLayout, _ bytes: Span<UInt8>) -> String? {
    let line = layout.body.upperBound - 2 - layout.sequence.decimalDigitCount - 1
    let digits = (line - HexadecimalDigits.byteCount)..<line
    guard digits.lowerBound >= layout.body.lowerBound + 4,
      let epoch = UInt32(
        String(decoding: digits.map { bytes[$0] }, as: UTF8.self), radix: 16)
    else { return nil }
    let known = HexadecimalDigits(epoch)
    return endsWithItsID(layout, bytes, epochDigits: known) ? "\(known)" : nil
  }

  /// "id: " as a number.
  private static let idField: UInt32 = 0x203A_6469

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

/// A head that was read, of a record whose checksum was not looked at yet.
private struct ParsedHead {
  let layout: RecordLayout
  /// Where the checksum stands.
  let field: Int

  func checksumIsRight(_ bytes: Span<UInt8>) -> Bool {
    RecordChecksum.of(
      bytes, start: layout.start, field: field, end: layout.body.upperBound
    ).word == bytes.littleEndian64(at: field)
  }
}

/// Walks along the fields of a head; a failed step leaves the position where it failed.
private struct HeadScanner {
  var position: Int

  @inline(__always)
  mutating func head(_ bytes: Span<UInt8>) -> ParsedHead? {
    let start = position
    // Times of 19 digits, nanoseconds, were once written, and are read.
    guard expect(UInt8(ascii: ":"), bytes), expect(UInt8(ascii: " "), bytes),
      let sequence = decimal(bytes), let time = decimal(bytes, digitCountMaximum: 19),
      let bodyByteCount = decimal(bytes)
    else { return nil }
    let field = position
    position = min(bytes.count, position + HexadecimalDigits.byteCount)
    guard expect(UInt8(ascii: " "), bytes), let topic = topic(bytes),
      let expiresAt = attributes(bytes)
    else { return nil }
    let attributes = topic.upperBound..<(position - 1)
    let body = position..<(position + Int(bodyByteCount))
    return ParsedHead(
      layout: RecordLayout(
        sequence: sequence, unixMilliseconds: Int64(clamping: time), expiresAt: expiresAt,
        start: start, topic: topic, attributes: attributes, body: body),
      field: field)
  }

  @inline(__always)
  mutating func expect(_ byte: UInt8, _ bytes: Span<UInt8>) -> Bool {
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  /// A decimal number and the space behind it.
  ///
  /// - Parameter digitCountMaximum: at most 19, which 64 bits have room for.
  @inline(__always)
  mutating func decimal(
    _ bytes: Span<UInt8>, digitCountMaximum: Int = QueueLimits.decimalDigitCountMaximum
  ) -> UInt64? {
    let start = position
    let end = min(bytes.count, start + digitCountMaximum + 1)
    var value: UInt64 = 0
    var index = start
    if start + 8 <= end, let eight = Self.eightDigits(bytes.littleEndian64(at: start)) {
      value = eight
      index &+= 8
    }
    while index < end {
      let digit = bytes[index] &- UInt8(ascii: "0")
      if digit > 9 { break }
      value = value &* 10 &+ UInt64(digit)
      index &+= 1
    }
    position = index
    guard index > start, index - start <= digitCountMaximum, index < bytes.count,
      bytes[index] == UInt8(ascii: " ")
    else { return nil }
    position = index &+ 1
    return value
  }

  /// The number that eight decimal digits make, the first one in the lowest byte; nil where one of
  /// them is none.
  @inline(__always)
  private static func eightDigits(_ word: UInt64) -> UInt64? {
    // A digit keeps its high half when six is added to it.
    let high: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
    guard word & high == 0x3030_3030_3030_3030,
      (word &+ 0x0606_0606_0606_0606) & high == 0x3030_3030_3030_3030
    else { return nil }
    // Neighbours join to numbers of two, four and eight digits.
    var value = word & 0x0F0F_0F0F_0F0F_0F0F
    value = (value &* 10 &+ value >> 8) & 0x00FF_00FF_00FF_00FF
    value = (value &* 100 &+ value >> 16) & 0x0000_FFFF_0000_FFFF
    return (value &* 10_000 &+ value >> 32) & 0xFFFF_FFFF
  }

  /// The topic, up to a space or the end of the line.
  @inline(__always)
  mutating func topic(_ bytes: Span<UInt8>) -> Range<Int>? {
    let start = position
    var index = start
    while index < bytes.count, bytes[index] != UInt8(ascii: " "), bytes[index] != UInt8(ascii: "\n")
    {
      index &+= 1
    }
    position = index
    return index > start && index < bytes.count ? start..<index : nil
  }

  /// `name=value` attributes and the end of the line; returns when the event expires.
  @inline(__always)
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
    let start = position + name.count
    let end = min(bytes.count, start + QueueLimits.decimalDigitCountMaximum)
    var index = start
    var value: Int64 = 0
    while index < end, bytes[index] >= UInt8(ascii: "0"), bytes[index] <= UInt8(ascii: "9") {
      value = value * 10 + Int64(bytes[index] - UInt8(ascii: "0"))
      index += 1
    }
    guard index > start, index < bytes.count,
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
