import Kernel

/// What the file `delayed` consists of behind its first line; see <doc:Format>.
enum DelayedEntry: Hashable {
  /// An event that waits until `due`, in milliseconds since 1970, and is delivered for so many from then on;
  /// 0 for as long as it is there.
  ///
  /// The layout is that of a record without sequence and time.
  case waiting(DelayedID, due: Int64, timeToLive: Int64, RecordLayout)
  /// It is being published.
  case taken(DelayedID)
  /// It waits no more.
  case gone(DelayedID, Ending)

  /// Why an event waits no more.
  enum Ending: String, CaseIterable {
    case published, cancelled, dropped
  }

  /// What stands at a place where an entry should begin.
  enum Parsed: Hashable {
    case entry(DelayedEntry, byteCount: Int)
    /// The bytes end before the entry does; it needs at least so many from its start.
    case cutOff(byteCountNeeded: Int)
    /// No entry.
    case damaged
  }

  /// How the file begins, whichever version it is.
  static let magic = Array("weir-delayed ".utf8)
  /// The file's first line.
  static let header = magic + Array("1\n".utf8)

  /// What a first line says behind ``magic``.
  static func version(in bytes: [UInt8]) -> String {
    String(decoding: bytes[magic.count...].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private static let waitingMark = UInt8(ascii: "+")
  private static let takenMark = UInt8(ascii: "~")
  private static let goneMark = UInt8(ascii: "-")
  /// The mark, a space, the id, a space.
  private static let beginByteCount = 2 + DelayedID.byteCount + 1

  // MARK: - Writing

  /// Appends an event that waits: the head of a record without sequence and time, and its lines.
  ///
  /// - Parameter timeToLive: in milliseconds; 0 for none.
  static func append(
    _ id: DelayedID, due: Int64, timeToLive: Int64, _ event: PendingEvent, to bytes: inout [UInt8]
  ) {
    append(waitingMark, id, to: &bytes) { bytes in
      bytes.append(contentsOf: "\(due) \(timeToLive) \(event.fieldsByteCount + 1) ".utf8)
    } rest: { bytes in
      bytes.append(contentsOf: event.content)
    }
  }

  /// Appends that an event is being published.
  static func append(taken id: DelayedID, to bytes: inout [UInt8]) {
    append(takenMark, id, to: &bytes) { _ in
    } rest: { _ in
    }
  }

  /// Appends that an event waits no more.
  static func append(gone id: DelayedID, _ ending: Ending, to bytes: inout [UInt8]) {
    append(goneMark, id, to: &bytes) { bytes in
      bytes.append(contentsOf: "\(ending.rawValue) ".utf8)
    } rest: { _ in
    }
  }

  private static func append(
    _ mark: UInt8, _ id: DelayedID, to bytes: inout [UInt8], head: (inout [UInt8]) -> Void,
    rest: (inout [UInt8]) -> Void
  ) {
    let start = bytes.count
    bytes.append(contentsOf: [mark, UInt8(ascii: " ")])
    bytes.append(contentsOf: "\(id) ".utf8)
    head(&bytes)
    let field = bytes.count
    bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: HexadecimalDigits.byteCount))
    if mark == waitingMark { bytes.append(UInt8(ascii: " ")) }
    rest(&bytes)
    bytes.append(UInt8(ascii: "\n"))
    let digits = RecordChecksum.of(bytes.span, start: start, field: field, end: bytes.count).word
    for digit in 0..<HexadecimalDigits.byteCount {
      bytes[field + digit] = UInt8(truncatingIfNeeded: digits >> UInt64(8 * digit))
    }
  }

  // MARK: - Reading

  /// Whether an entry may begin at a line of these first bytes, so that it is worth a look.
  static func mayBegin(_ bytes: Span<UInt8>, at start: Int) -> Bool {
    guard start + 1 < bytes.count else { return false }
    return [waitingMark, takenMark, goneMark].contains(bytes[start])
      && bytes[start + 1] == UInt8(ascii: " ")
  }

  /// Parses the entry that begins at `start`.
  static func parse(_ bytes: Span<UInt8>, at start: Int) -> Parsed {
    guard start + beginByteCount < bytes.count else {
      return .cutOff(byteCountNeeded: beginByteCount + 1)
    }
    guard mayBegin(bytes, at: start), bytes[start + beginByteCount - 1] == UInt8(ascii: " "),
      let id = DelayedID((start + 2..<start + 2 + DelayedID.byteCount).map { bytes[$0] })
    else { return .damaged }
    let limit = start + QueueLimits.headByteCountMaximum
    let place = bytes.extracting(0..<min(bytes.count, limit))
    guard let lineEnd = newline(in: place, from: start) else {
      return place.count < limit
        ? .cutOff(byteCountNeeded: place.count - start + 1) : .damaged
    }
    let begin = start + beginByteCount
    return switch bytes[start] {
    case waitingMark: parseWaiting(bytes, id, start: start, numbers: begin, lineEnd: lineEnd)
    case takenMark:
      check(bytes, start: start, field: begin, lineEnd: lineEnd)
        ? .entry(.taken(id), byteCount: lineEnd + 1 - start) : .damaged
    default: parseGone(bytes, id, start: start, word: begin, lineEnd: lineEnd)
    }
  }

  private static func parseWaiting(
    _ bytes: Span<UInt8>, _ id: DelayedID, start: Int, numbers: Int, lineEnd: Int
  ) -> Parsed {
    var position = numbers
    guard let due = number(bytes, &position, before: lineEnd),
      let timeToLive = number(bytes, &position, before: lineEnd),
      let bodyByteCount = number(bytes, &position, before: lineEnd), bodyByteCount > 0,
      bodyByteCount <= Int64(QueueLimits.bodyByteCountMaximum)
    else { return .damaged }
    let field = position
    let topic = field + HexadecimalDigits.byteCount + 1
    let end = lineEnd + 1 + Int(bodyByteCount)
    guard topic < lineEnd else { return .damaged }
    guard end <= bytes.count else { return .cutOff(byteCountNeeded: end - start) }
    guard isRight(bytes, start: start, field: field, end: end) else { return .damaged }
    var topicEnd = topic
    while topicEnd < lineEnd, bytes[topicEnd] != UInt8(ascii: " ") { topicEnd += 1 }
    let layout = RecordLayout(
      sequence: 0, unixMilliseconds: due, expiresAt: .max, start: start, topic: topic..<topicEnd,
      attributes: topicEnd..<lineEnd, body: (lineEnd + 1)..<end)
    return .entry(
      .waiting(id, due: due, timeToLive: timeToLive, layout), byteCount: end - start)
  }

  private static func parseGone(
    _ bytes: Span<UInt8>, _ id: DelayedID, start: Int, word: Int, lineEnd: Int
  ) -> Parsed {
    for ending in Ending.allCases {
      let field = word + ending.rawValue.utf8.count + 1
      guard check(bytes, start: start, field: field, lineEnd: lineEnd),
        bytes[field - 1] == UInt8(ascii: " "),
        bytes.extracting(word..<(field - 1)).hasSameBytes(as: ending.rawValue.utf8Span.span)
      else { continue }
      return .entry(.gone(id, ending), byteCount: lineEnd + 1 - start)
    }
    return .damaged
  }

  /// Whether a line ends with its checksum.
  private static func check(
    _ bytes: Span<UInt8>, start: Int, field: Int, lineEnd: Int
  ) -> Bool {
    field + HexadecimalDigits.byteCount == lineEnd
      && isRight(bytes, start: start, field: field, end: lineEnd + 1)
  }

  private static func isRight(_ bytes: Span<UInt8>, start: Int, field: Int, end: Int) -> Bool {
    RecordChecksum.of(bytes, start: start, field: field, end: end).word
      == bytes.littleEndian64(at: field)
  }

  private static func newline(in bytes: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "\n") { return index }
      index += 1
    }
    return nil
  }

  /// A decimal number and the space behind it.
  private static func number(
    _ bytes: Span<UInt8>, _ position: inout Int, before end: Int
  ) -> Int64? {
    let start = position
    var value: Int64 = 0
    while position < end, position - start < QueueLimits.decimalDigitCountMaximum,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    {
      value = value * 10 + Int64(bytes[position] - UInt8(ascii: "0"))
      position += 1
    }
    guard position > start, position < end, bytes[position] == UInt8(ascii: " ") else { return nil }
    position += 1
    return value
  }
}
