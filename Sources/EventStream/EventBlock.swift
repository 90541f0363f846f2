/// The fields of the block of lines that a parser is in: WHATWG HTML, section 9.2.6, the part after
/// the lines have been found.
///
/// Owned by one ``EventStreamParser``. Between two blocks `data` and `type` are empty, while the id
/// stays: it holds for all events after it.
struct EventBlock: Sendable {
  /// Each line of data with an LF behind it, so that one empty line differs from none.
  private(set) var data: [UInt8] = []
  private(set) var id = ""
  private(set) var retryMilliseconds: Int?
  private var type = ""

  /// Takes a line that is not blank.
  mutating func read(_ line: Span<UInt8>) {
    guard let colon = line.first(UInt8(ascii: ":")) else {
      take(line, value: line.extracting(line.count..<line.count))
      return
    }
    if colon == 0 { return }  // a comment
    var start = colon + 1
    if start < line.count, line[start] == UInt8(ascii: " ") { start += 1 }
    take(line.extracting(0..<colon), value: line.extracting(start..<line.count))
  }

  /// Ends the block at its blank line.
  ///
  /// - Returns: the event; nil when the block had no data.
  mutating func end() -> ParsedEvent? {
    defer {
      data.removeAll(keepingCapacity: true)
      type = ""
    }
    guard !data.isEmpty else { return nil }
    return ParsedEvent(
      type: type.isEmpty ? "message" : type,
      data: String(decoding: data.dropLast(), as: UTF8.self), lastEventID: id)
  }

  private mutating func take(_ name: Span<UInt8>, value: Span<UInt8>) {
    if name.equals("data") {
      data.append(addingCapacity: value.count + 1) { data in
        data.append(copying: value)
        data.append(Span<UInt8>.lineFeed)
      }
    } else if name.equals("id") {
      if value.first(0) == nil { id = Self.text(value) }
    } else if name.equals("event") {
      type = Self.text(value)
    } else if name.equals("retry") {
      retryMilliseconds = Self.number(value) ?? retryMilliseconds
    }
  }

  /// The text of `bytes`, with U+FFFD where they are not UTF-8.
  private static func text(_ bytes: Span<UInt8>) -> String {
    if let valid = try? UTF8Span(validating: bytes) { return String(copying: valid) }
    let copy = [UInt8](capacity: bytes.count) { $0.append(copying: bytes) }
    return String(decoding: copy, as: UTF8.self)
  }

  /// The number that `digits` name; nil when there is another byte, none at all, or no room for it.
  private static func number(_ digits: Span<UInt8>) -> Int? {
    guard !digits.isEmpty else { return nil }
    var number = 0
    for index in digits.indices {
      let byte = digits[index]
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (tens, overflow) = number.multipliedReportingOverflow(by: 10)
      let (sum, overflowToo) = tens.addingReportingOverflow(Int(byte - UInt8(ascii: "0")))
      if overflow || overflowToo { return nil }
      number = sum
    }
    return number
  }
}
