import Kernel

/// Renders records as they lie on disk; see <doc:Format>.
enum RecordWriter {
  /// What stands before the topic in the longest head.
  private static let numbersByteCountMaximum = 72
  /// The longest id line with the blank line behind it.
  private static let idByteCountMaximum = 40

  /// Appends one record to `bytes`.
  ///
  /// - Parameter epochDigits: the queue's epoch, eight hexadecimal digits.
  static func append(
    _ event: PendingEvent, sequence: UInt64, unixMilliseconds: Int64, epochDigits: [UInt8],
    to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    let bodyByteCount = bodyByteCount(
      fieldsByteCount: event.fieldsByteCount, sequence: sequence)
    bytes.append(addingCapacity: numbersByteCountMaximum) { (output: inout OutputSpan<UInt8>) in
      output.append(UInt8(ascii: ":"))
      output.append(UInt8(ascii: " "))
      output.append(decimal: sequence)
      output.append(UInt8(ascii: " "))
      output.append(decimal: UInt64(unixMilliseconds))
      output.append(UInt8(ascii: " "))
      output.append(decimal: UInt64(bodyByteCount))
      output.append(UInt8(ascii: " "))
      output.append(repeating: UInt8(ascii: "0"), count: RecordChecksum.digitCount)
      output.append(UInt8(ascii: " "))
    }
    let checksum = bytes.count - RecordChecksum.digitCount - 1
    bytes.append(contentsOf: event.content)
    bytes.append(addingCapacity: idByteCountMaximum) { (output: inout OutputSpan<UInt8>) in
      output.append(UInt8(ascii: "i"))
      output.append(UInt8(ascii: "d"))
      output.append(UInt8(ascii: ":"))
      output.append(UInt8(ascii: " "))
      for digit in epochDigits { output.append(digit) }
      output.append(UInt8(ascii: "-"))
      output.append(decimal: sequence)
      output.append(UInt8(ascii: "\n"))
      output.append(UInt8(ascii: "\n"))
    }
    let sum = RecordChecksum.of(bytes.span, start: start, field: checksum, end: bytes.count)
    for digit in 0..<RecordChecksum.digitCount {
      bytes[checksum + digit] = UInt8(hexadecimalDigit: sum >> UInt32(28 - 4 * digit))
    }
  }

  /// The length of the body of a record: fields, id line, blank line.
  static func bodyByteCount(fieldsByteCount: Int, sequence: UInt64) -> Int {
    fieldsByteCount + 4 + 8 + 1 + sequence.decimalDigitCount + 2
  }

  /// A bound of what a record of the event takes.
  static func byteCountMaximum(_ event: PendingEvent) -> Int {
    numbersByteCountMaximum + event.content.count + idByteCountMaximum
  }
}

/// The attributes of a head that this version knows.
enum RecordAttribute {
  /// When the event stops being delivered, in milliseconds since 1970.
  static let expires = Array(" expires=".utf8)
}

/// The checksum of a record: CRC-32C over the head without the eight digits of the checksum itself,
/// and over the body.
enum RecordChecksum {
  /// Bytes of the checksum in the head.
  static let digitCount = 8

  static func of(_ bytes: Span<UInt8>, start: Int, field: Int, end: Int) -> UInt32 {
    var checksum = CRC32C()
    checksum.update(bytes.extracting(start..<field))
    checksum.update(bytes.extracting((field + digitCount)..<end))
    return checksum.value
  }
}

extension OutputSpan where Element == UInt8 {
  /// Appends a number in decimal digits; there is room for 20.
  mutating func append(decimal value: UInt64) {
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var first = 20
    var rest = value
    repeat {
      first -= 1
      let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
      digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
      rest = quotient
    } while rest > 0
    for index in first..<20 { append(digits[index]) }
  }
}

extension UInt64 {
  /// How many digits the number has when it is written in decimal.
  var decimalDigitCount: Int {
    var count = 1
    var rest = self / 10
    while rest > 0 {
      count += 1
      rest /= 10
    }
    return count
  }
}
