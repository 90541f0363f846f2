import Kernel

/// A line of a segment's keys file: which event has a key; see <doc:Format>.
struct KeyEntry: Hashable, Sendable {
  /// What stands before the key.
  static let headByteCount = 32
  /// The most that an entry can take: of a scope and a key every byte may be percent-encoded.
  static let byteCountMaximum = headByteCount + 4 * QueueLimits.keyByteCountMaximum

  /// The event's number; in a seal, the first one of the next segment.
  let sequence: UInt64
  /// When it was published, in milliseconds since 1970; in a seal, when the last one in the file was.
  let unixMilliseconds: Int64
  /// ``ContentHash``; in a seal, how many entries the file has.
  let content: UInt64
  /// Bytes of the key; a seal has none.
  let keyByteCount: Int

  var byteCount: Int { Self.headByteCount + keyByteCount }
  var isSeal: Bool { keyByteCount == 0 }

  init(sequence: UInt64, unixMilliseconds: Int64, content: UInt64, keyByteCount: Int) {
    self.sequence = sequence
    self.unixMilliseconds = unixMilliseconds
    self.content = content
    self.keyByteCount = keyByteCount
  }

  /// Reads the entry that begins at `start`; nil where none does, or not the whole of it is there.
  init?(_ bytes: Span<UInt8>, at start: Int) {
    guard bytes.count - start >= Self.headByteCount else { return nil }
    let keyByteCount = Int(bytes.littleEndian32(at: start + 4))
    guard keyByteCount <= Self.byteCountMaximum - Self.headByteCount,
      bytes.count - start >= Self.headByteCount + keyByteCount
    else { return nil }
    let end = start + Self.headByteCount + keyByteCount
    guard CRC32C.of(bytes.extracting((start + 4)..<end)) == bytes.littleEndian32(at: start) else {
      return nil
    }
    let time = Int64(bitPattern: bytes.littleEndian64(at: start + 16))
    guard QueueLimits.unixMilliseconds.contains(time) else { return nil }
    self.init(
      sequence: bytes.littleEndian64(at: start + 8), unixMilliseconds: time,
      content: bytes.littleEndian64(at: start + 24), keyByteCount: keyByteCount)
  }

  /// The entry of a record, which is appended to `bytes`; nil where it has no key.
  init?(_ layout: RecordLayout, _ record: Span<UInt8>, appendedTo bytes: inout [UInt8]) {
    guard let key = layout.key(in: record) else { return nil }
    self.init(
      sequence: layout.sequence,
      unixMilliseconds: min(layout.unixMilliseconds, QueueLimits.unixMilliseconds.upperBound),
      content: ContentHash.of(layout, record), keyByteCount: key.count)
    append(key: key.map { record[$0] }, to: &bytes)
  }

  /// Appends the entry; `key` has ``keyByteCount`` bytes.
  func append(key: [UInt8], to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.append(littleEndian: UInt32(0))
    bytes.append(littleEndian: UInt32(keyByteCount))
    bytes.append(littleEndian: sequence)
    bytes.append(littleEndian: UInt64(bitPattern: unixMilliseconds))
    bytes.append(littleEndian: content)
    bytes.append(contentsOf: key)
    var checksum: [UInt8] = []
    checksum.append(littleEndian: CRC32C.of(bytes.span.extracting((start + 4)..<bytes.count)))
    for place in checksum.indices { bytes[start + place] = checksum[place] }
  }
}

/// By what a second publish with the same key is found to be another event: FNV-1a (64 bits) over the
/// topics as they stand in the head, each with a newline, `end` and a newline for a topic's last event, and
/// the lines of the body before the id.
struct ContentHash {
  private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func add(_ bytes: Span<UInt8>) {
    for index in bytes.indices { add(bytes[index]) }
  }

  mutating func add(topic: Span<UInt8>) {
    add(topic)
    add(UInt8(ascii: "\n"))
  }

  mutating func addEnd() {
    for byte in "end\n".utf8 { add(byte) }
  }

  private mutating func add(_ byte: UInt8) {
    value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }

  /// The hash of a record.
  static func of(_ layout: RecordLayout, _ bytes: Span<UInt8>) -> UInt64 {
    var hash = ContentHash()
    layout.forEachTopic(in: bytes) { hash.add(topic: $0) }
    if layout.isEnd(in: bytes) { hash.addEnd() }
    let idByteCount = RecordWriter.bodyByteCount(
      fieldsByteCount: 0, digitCount: layout.sequence.decimalDigitCount)
    let body = layout.body
    let end = max(body.lowerBound, body.upperBound - idByteCount)
    hash.add(bytes.extracting(body.lowerBound..<end))
    return hash.value
  }
}
