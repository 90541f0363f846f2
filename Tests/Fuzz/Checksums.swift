/// CRC-32C bit by bit, as RFC 3720 defines it: what weir's own is held against.
func castagnoli(_ parts: ArraySlice<UInt8>...) -> UInt32 {
  var state: UInt32 = 0xFFFF_FFFF
  for part in parts {
    for byte in part {
      state ^= UInt32(byte)
      for _ in 0..<8 { state = state & 1 == 1 ? (state >> 1) ^ 0x82F6_3B78 : state >> 1 }
    }
  }
  return ~state
}

/// A head as anybody would read it who knows only the page about the format.
struct PlainHead {
  let sequence: UInt64
  /// Where the eight digits of the checksum stand.
  let checksumField: Range<Int>
  let body: Range<Int>

  /// The head whose line begins at `start`; nil where there is none, or its body has no end.
  init?(_ bytes: [UInt8], at start: Int) {
    guard let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    let fields = bytes[start..<end].split(
      separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
    guard fields.count == 6, fields[0].elementsEqual(":".utf8), fields[4].count == 8,
      let sequence = UInt64(String(decoding: fields[1], as: UTF8.self)),
      let count = Int(String(decoding: fields[3], as: UTF8.self)),
      count >= 0, count <= bytes.count - end - 1
    else { return nil }
    self.sequence = sequence
    checksumField = fields[4].indices
    body = (end + 1)..<(end + 1 + count)
  }

  /// The checksum that the record should have.
  func checksum(in bytes: [UInt8], from start: Int) -> UInt32 {
    castagnoli(
      bytes[start..<checksumField.lowerBound],
      bytes[checksumField.upperBound..<body.upperBound])
  }
}

/// `bytes` with the right checksum in each head at the begin of a line: a fuzzer would never find one.
///
/// - Parameter sequenceMaximum: heads with a higher sequence are left as they are.
func mendingChecksums(_ bytes: [UInt8], sequenceMaximum: UInt64 = .max) -> [UInt8] {
  var mended = bytes
  for start in bytes.indices where start == 0 || bytes[start - 1] == UInt8(ascii: "\n") {
    guard let head = PlainHead(mended, at: start), head.sequence <= sequenceMaximum else {
      continue
    }
    let text = String(head.checksum(in: mended, from: start), radix: 16)
    let digits = String(repeating: "0", count: 8 - text.count) + text
    mended.replaceSubrange(head.checksumField, with: digits.utf8)
  }
  return mended
}

/// Ends the fuzzer with a crash where something that must hold does not.
func require(_ condition: Bool, _ claim: @autoclosure () -> String) {
  if !condition { fatalError("does not hold: \(claim())") }
}
