import Kernel

/// The index's line on one event: 16 bytes, little-endian, at (sequence - first) × 16.
///
/// All of it is derived from the text and rebuilt from there. An entry of zeros is an event that is
/// not there.
struct IndexEntry: Hashable, Sendable {
  static let byteCount = 16

  /// Where the record begins in the text.
  let offset: UInt32
  /// Head and body of the record, in bytes.
  let length: UInt32
  /// ``Topic/hash64``, or ``severalTopics``.
  let topicHash: UInt64

  /// Stands in the place of a hash where an event has several topics: the record tells which.
  static let severalTopics = UInt64.max

  init(offset: UInt32, length: UInt32, topicHash: UInt64) {
    self.offset = offset
    self.length = length
    self.topicHash = topicHash
  }

  /// The entry of a record; beyond what a segment may be large, one that no reader believes.
  ///
  /// - Parameters:
  ///   - start: where the record begins in the text.
  ///   - bytes: those in which the layout's places lie.
  init(_ layout: RecordLayout, at start: Int, _ bytes: Span<UInt8>) {
    self.init(
      offset: UInt32(clamping: start), length: UInt32(clamping: layout.byteCount),
      topicHash: layout.indexHash(in: bytes))
  }

  /// Reads an entry; `bytes` holds at least 16 from `start`.
  init(_ bytes: Span<UInt8>, at start: Int) {
    offset = bytes.littleEndian32(at: start)
    length = bytes.littleEndian32(at: start + 4)
    topicHash = bytes.littleEndian64(at: start + 8)
  }

  /// Which of the entries in `bytes` may be of an event with a topic of these hashes, by their places; nil
  /// where one is of an event that is not there.
  static func places(of hashes: [UInt64], in bytes: Span<UInt8>) -> [Int]? {
    var places: [Int] = []
    if hashes.count == 1 {
      let wanted = hashes[0]
      for start in stride(from: 0, to: bytes.count - byteCount + 1, by: byteCount) {
        if bytes.littleEndian64(at: start) >> 32 == 0 { return nil }
        let hash = bytes.littleEndian64(at: start + 8)
        if hash == wanted || hash == severalTopics { places.append(start / byteCount) }
      }
      return places
    }
    let many = hashes.count > 4 ? Set(hashes) : []
    for place in 0..<(bytes.count / byteCount) {
      let start = place * byteCount
      if bytes.littleEndian32(at: start + 4) == 0 { return nil }
      let hash = bytes.littleEndian64(at: start + 8)
      let isOne = many.isEmpty ? hashes.contains(hash) : many.contains(hash)
      if isOne || hash == severalTopics { places.append(place) }
    }
    return places
  }

  func append(to bytes: inout [UInt8]) {
    bytes.append(littleEndian: UInt64(offset) | UInt64(length) << 32)
    bytes.append(littleEndian: topicHash)
  }

  /// The length of a segment's index, if the segment ends before `next`.
  static func byteCount(of segment: SegmentName, upTo next: UInt64) -> Int {
    Int(min(next, segment.limit) - segment.first) * Self.byteCount
  }
}
