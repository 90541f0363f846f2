import Kernel

/// The file `topics`: which topics have ended and which were deleted, a line each, in the order in which it
/// happened; see <doc:Format>.
enum TopicLog {
  /// What the file is called.
  static let name = "topics"
  private static let magic = Array("weir-topics 1 ".utf8)
  private static let checksumDigitCount = HexadecimalDigits.byteCount

  /// What a line says.
  enum Line {
    /// The event of this sequence is the last one of a topic.
    case end(UInt64)
    /// The events of a topic before this sequence are hidden.
    case hide(UInt64)
    /// The ends of all events before this sequence stand in the lines above, on disk.
    case seen(UInt64)
  }

  private static let words = (
    end: Array("end".utf8), hide: Array("hide".utf8), seen: Array("seen".utf8)
  )

  /// The highest generation: there are 24 bits for it in the page.
  ///
  /// From a file that has it weir begins with 1 again, but only when nobody has it open.
  static let generationMaximum: UInt64 = 1 << 24 - 1

  /// The generation of a file that takes the place of another.
  static func generation(after earlier: UInt64) -> UInt64 { earlier % generationMaximum + 1 }

  // MARK: - Writing

  /// The first line.
  ///
  /// - Parameter generation: one above that of the file whose place this one takes.
  static func header(generation: UInt64) -> [UInt8] { magic + Array("\(generation)\n".utf8) }

  /// Appends a line.
  ///
  /// - Parameter encodedTopic: as in a record's head; empty for ``Line/seen(_:)``.
  static func append(_ line: Line, _ encodedTopic: Span<UInt8>, to bytes: inout [UInt8]) {
    var rest: [UInt8] = []
    rest.reserveCapacity(encodedTopic.count + 32)
    let (word, sequence) =
      switch line {
      case .end(let sequence): (words.end, sequence)
      case .hide(let sequence): (words.hide, sequence)
      case .seen(let sequence): (words.seen, sequence)
      }
    rest.append(UInt8(ascii: " "))
    rest += word
    rest.append(UInt8(ascii: " "))
    rest += "\(sequence)".utf8
    if !encodedTopic.isEmpty {
      rest.append(UInt8(ascii: " "))
      rest.append(encodedTopic)
    }
    rest.append(UInt8(ascii: "\n"))
    bytes.append(littleEndian: HexadecimalDigits(CRC32C.of(rest.span)).word)
    bytes += rest
  }

  static func append(_ line: Line, to bytes: inout [UInt8]) {
    let noTopic: [UInt8] = []
    append(line, noTopic.span, to: &bytes)
  }

  /// A topic's state as lines.
  static func append(_ state: TopicState, of encodedTopic: Span<UInt8>, to bytes: inout [UInt8]) {
    if state.hiddenBefore > 0 { append(.hide(state.hiddenBefore), encodedTopic, to: &bytes) }
    if state.hasEnded { append(.end(state.endedAt), encodedTopic, to: &bytes) }
  }

  /// The file for these states.
  ///
  /// - Parameter seen: no event before this ends a topic that is not among them.
  static func content(_ table: TopicStateTable, generation: UInt64, seen: UInt64) -> [UInt8] {
    var bytes = header(generation: generation)
    _ = table.forEach { topic, state in append(state, of: topic, to: &bytes) }
    append(.seen(seen), to: &bytes)
    return bytes
  }

  // MARK: - Reading

  /// The generation in the first line, and how many bytes that has; nil where the file does not begin so.
  ///
  /// No checksum covers it, so that it is believed within its limits only.
  static func generation(_ bytes: Span<UInt8>) -> (number: UInt64, byteCount: Int)? {
    guard bytes.count > magic.count,
      bytes.extracting(0..<magic.count).hasSameBytes(as: magic.span)
    else { return nil }
    var end = magic.count
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < bytes.count, let number = UInt64(decimal: (magic.count..<end).map { bytes[$0] }),
      number > 0, number <= generationMaximum
    else { return nil }
    return (number, end + 1)
  }

  /// What one call of ``next(_:at:)`` found.
  enum Found {
    /// A line, where its topic lies, and the place behind it.
    case line(Line, topic: Range<Int>, next: Int)
    /// The bytes end in the middle of a line.
    case cutOff
    /// A line that nobody wrote so, and the place behind it.
    case damaged(next: Int)
  }

  /// The line that begins at a place.
  static func next(_ bytes: Span<UInt8>, at start: Int) -> Found {
    var end = start
    while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
    guard end < bytes.count else { return .cutOff }
    let next = end + 1
    let rest = start + checksumDigitCount
    // The checksum, a space, a word, a space, a digit.
    guard rest + 5 < end,
      HexadecimalDigits(CRC32C.of(bytes.extracting(rest..<next))).word
        == bytes.littleEndian64(at: start)
    else { return .damaged(next: next) }
    let word = field(bytes, at: rest + 1, end)
    let number = field(bytes, at: word.upperBound + 1, end)
    guard let sequence = UInt64(decimal: number.map { bytes[$0] }) else {
      return .damaged(next: next)
    }
    let topic = min(number.upperBound + 1, end)..<end
    let name = word.map { bytes[$0] }
    if name == words.end, !topic.isEmpty { return .line(.end(sequence), topic: topic, next: next) }
    if name == words.hide, !topic.isEmpty {
      return .line(.hide(sequence), topic: topic, next: next)
    }
    if name == words.seen, topic.isEmpty { return .line(.seen(sequence), topic: topic, next: next) }
    return .damaged(next: next)
  }

  private static func field(_ bytes: Span<UInt8>, at start: Int, _ end: Int) -> Range<Int> {
    let start = min(start, end)
    var stop = start
    while stop < end, bytes[stop] != UInt8(ascii: " ") { stop += 1 }
    return start..<stop
  }
}

/// How far the file `topics` is good, as it stands in the page `tail`.
struct TopicLogPlace: Hashable, Sendable {
  /// Which file: each one that takes the place of another has the next number.
  var generation: UInt64
  /// So many bytes of it.
  var byteCount: Int

  private static let byteCountBitCount: UInt64 = 40
  private static let byteCountMask: UInt64 = 1 << byteCountBitCount - 1

  init(generation: UInt64, byteCount: Int) {
    self.generation = generation
    self.byteCount = byteCount
  }

  /// Reads a cell of the page; nil for 0: there is no file, or nobody has kept account of it.
  init?(cell: UInt64) {
    if cell == 0 { return nil }
    self.init(
      generation: cell >> Self.byteCountBitCount, byteCount: Int(cell & Self.byteCountMask))
  }

  /// What stands in the page for it; never 0.
  var cell: UInt64 { generation << Self.byteCountBitCount | UInt64(byteCount) }
}
