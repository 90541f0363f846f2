import Kernel

/// Renders records as they lie on disk; see <doc:Format>.
enum RecordWriter {
  /// What stands before the topic in the longest head.
  private static let numbersByteCountMaximum = 72
  /// The longest id line with the blank line behind it.
  private static let idByteCountMaximum = 40

  /// Appends one record to `bytes`.
  ///
  /// - Parameters:
  ///   - time: when it is published, in milliseconds since 1970.
  ///   - epochDigits: the queue's epoch.
  static func append(
    _ event: PendingEvent, sequence: UInt64, time: DecimalDigits, epochDigits: HexadecimalDigits,
    to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    let sequence = DecimalDigits(sequence)
    let bodyByteCount = DecimalDigits(
      UInt64(bodyByteCount(fieldsByteCount: event.fieldsByteCount, digitCount: sequence.count)))
    bytes.append(addingCapacity: numbersByteCountMaximum) { (output: inout OutputSpan<UInt8>) in
      output.append(UInt8(ascii: ":"))
      output.append(UInt8(ascii: " "))
      sequence.append(to: &output)
      output.append(UInt8(ascii: " "))
      time.append(to: &output)
      output.append(UInt8(ascii: " "))
      bodyByteCount.append(to: &output)
      output.append(UInt8(ascii: " "))
      output.append(repeating: UInt8(ascii: "0"), count: HexadecimalDigits.byteCount)
      output.append(UInt8(ascii: " "))
    }
    let checksum = bytes.count - HexadecimalDigits.byteCount - 1
    bytes.append(contentsOf: event.content)
    bytes.append(addingCapacity: idByteCountMaximum) { (output: inout OutputSpan<UInt8>) in
      output.append(UInt8(ascii: "i"))
      output.append(UInt8(ascii: "d"))
      output.append(UInt8(ascii: ":"))
      output.append(UInt8(ascii: " "))
      output.append(littleEndian: epochDigits.word)
      output.append(UInt8(ascii: "-"))
      sequence.append(to: &output)
      output.append(UInt8(ascii: "\n"))
      output.append(UInt8(ascii: "\n"))
    }
    let digits = RecordChecksum.of(
      bytes.span, start: start, field: checksum, end: bytes.count
    ).word
    for digit in 0..<HexadecimalDigits.byteCount {
      bytes[checksum + digit] = UInt8(truncatingIfNeeded: digits >> UInt64(8 * digit))
    }
  }

  /// The length of the body of a record: fields, id line, blank line.
  static func bodyByteCount(fieldsByteCount: Int, digitCount: Int) -> Int {
    fieldsByteCount + 4 + HexadecimalDigits.byteCount + 1 + digitCount + 2
  }

  /// A bound of what a record of the event takes.
  static func byteCountMaximum(_ event: PendingEvent) -> Int {
    numbersByteCountMaximum + event.content.count + idByteCountMaximum
  }
}

/// The checksum of a record: CRC-32C over the head without the eight digits of the checksum itself,
/// and over the body.
enum RecordChecksum {
  /// - Parameter field: where the checksum's own digits stand.
  static func of(
    _ bytes: Span<UInt8>, start: Int, field: Int, end: Int
  ) -> HexadecimalDigits {
    var checksum = CRC32C()
    checksum.update(bytes.extracting(start..<field))
    checksum.update(bytes.extracting((field + HexadecimalDigits.byteCount)..<end))
    return HexadecimalDigits(checksum.value)
  }
}

extension UInt64 {
  /// How many digits the number has when it is written in decimal.
  var decimalDigitCount: Int {
    var count = 1
    var bound: UInt64 = 10
    while self >= bound {
      count += 1
      let (next, isOver) = bound.multipliedReportingOverflow(by: 10)
      if isOver { break }
      bound = next
    }
    return count
  }
}
