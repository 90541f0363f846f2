import Kernel

/// Renders records as they lie on disk; see <doc:Format>.
enum RecordWriter {
  /// Appends one record to `bytes`.
  ///
  /// - Parameters:
  ///   - fields: the event's lines without `id:` and without the blank line.
  ///   - epochDigits: the queue's epoch, eight hexadecimal digits.
  static func append(
    sequence: UInt64, unixMilliseconds: Int64, topic: Topic, fields: [UInt8],
    epochDigits: [UInt8], to bytes: inout [UInt8]
  ) {
    let start = bytes.count
    bytes.append(UInt8(ascii: ":"))
    bytes.append(UInt8(ascii: " "))
    appendDecimal(sequence, to: &bytes)
    bytes.append(UInt8(ascii: " "))
    appendDecimal(UInt64(unixMilliseconds), to: &bytes)
    bytes.append(UInt8(ascii: " "))
    appendDecimal(UInt64(bodyByteCount(fields: fields, sequence: sequence)), to: &bytes)
    bytes.append(UInt8(ascii: " "))
    let checksum = bytes.count
    bytes.append(contentsOf: "00000000 ".utf8)
    bytes.append(contentsOf: topic.encoded)
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(contentsOf: fields)
    bytes.append(contentsOf: "id: ".utf8)
    bytes.append(contentsOf: epochDigits)
    bytes.append(UInt8(ascii: "-"))
    appendDecimal(sequence, to: &bytes)
    bytes.append(UInt8(ascii: "\n"))
    bytes.append(UInt8(ascii: "\n"))
    let sum = RecordChecksum.of(bytes.span, start: start, field: checksum, end: bytes.count)
    for (index, digit) in EventID.hexadecimal(sum).enumerated() { bytes[checksum + index] = digit }
  }

  /// The length of the body of a record: fields, id line, blank line.
  static func bodyByteCount(fields: [UInt8], sequence: UInt64) -> Int {
    fields.count + "id: ".utf8.count + 8 + 1 + decimalDigitCount(sequence) + 2
  }

  private static func decimalDigitCount(_ value: UInt64) -> Int {
    var count = 1
    var rest = value / 10
    while rest > 0 {
      count += 1
      rest /= 10
    }
    return count
  }

  private static func appendDecimal(_ value: UInt64, to bytes: inout [UInt8]) {
    let count = decimalDigitCount(value)
    let end = bytes.count + count
    for _ in 0..<count { bytes.append(UInt8(ascii: "0")) }
    var rest = value
    var index = end - 1
    while rest > 0 {
      bytes[index] += UInt8(rest % 10)
      rest /= 10
      index -= 1
    }
  }
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
