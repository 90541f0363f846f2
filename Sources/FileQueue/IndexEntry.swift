/// The index's line on one event: 32 bytes, little-endian, at (sequence - first) × 32.
///
/// All of it is derived from the text and rebuilt from there. An entry of zeros is an event that is
/// not there.
struct IndexEntry: Hashable, Sendable {
  static let byteCount = 32

  /// Where the record begins in the text.
  var offset: UInt32
  /// Head and body of the record, in bytes.
  var length: UInt32
  /// ``Topic/hash64``.
  var topicHash: UInt64
  /// When the event was published.
  var unixMilliseconds: UInt64
  /// How many sequences before this one the previous event of the same topic in the same segment
  /// stands; 0 where this is the first.
  var previousDistance: UInt32
  /// None are defined yet.
  var flags: UInt32

  static let empty = IndexEntry(
    offset: 0, length: 0, topicHash: 0, unixMilliseconds: 0, previousDistance: 0, flags: 0)

  func append(to bytes: inout [UInt8]) {
    append(UInt64(offset) | UInt64(length) << 32, to: &bytes)
    append(topicHash, to: &bytes)
    append(unixMilliseconds, to: &bytes)
    append(UInt64(previousDistance) | UInt64(flags) << 32, to: &bytes)
  }

  private func append(_ value: UInt64, to bytes: inout [UInt8]) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  init(
    offset: UInt32, length: UInt32, topicHash: UInt64, unixMilliseconds: UInt64,
    previousDistance: UInt32, flags: UInt32
  ) {
    self.offset = offset
    self.length = length
    self.topicHash = topicHash
    self.unixMilliseconds = unixMilliseconds
    self.previousDistance = previousDistance
    self.flags = flags
  }

  /// Reads an entry; `bytes` holds at least 32 from `start`.
  init(_ bytes: Span<UInt8>, at start: Int) {
    func word(_ index: Int) -> UInt64 {
      var value: UInt64 = 0
      for byte in 0..<8 {
        value |= UInt64(bytes[start + index * 8 + byte]) << UInt64(byte * 8)
      }
      return value
    }
    offset = UInt32(truncatingIfNeeded: word(0))
    length = UInt32(truncatingIfNeeded: word(0) >> 32)
    topicHash = word(1)
    unixMilliseconds = word(2)
    previousDistance = UInt32(truncatingIfNeeded: word(3))
    flags = UInt32(truncatingIfNeeded: word(3) >> 32)
  }
}
