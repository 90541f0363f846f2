import Kernel

/// Finds the lines of a body that comes in pieces, wherever it is cut.
///
/// A line ends with LF or CRLF, the last one also with the body. Lines of nothing but white space are passed
/// over, and counted. A byte order mark before the first line belongs to the encoding and is left out.
///
/// Pure; keeps no more than a line's limit.
struct LineSplitter {
  /// What is found next in a piece.
  enum Found: Hashable {
    /// A line that lies in the piece, without its end.
    case line(Range<Int>)
    /// A line that began in an earlier piece, without its end.
    case joined([UInt8])
    /// A line over the limit of the moment, of which nothing was kept.
    case tooLong(byteCountMaximum: Int)
    /// The piece is used up.
    case nothing
  }

  /// The number of the line that was found last; the first is 1.
  private(set) var number = 0
  /// Where the search goes on in the present piece.
  private var position = 0
  /// The beginning of a line whose end has not come.
  private var kept: [UInt8] = []
  /// The limit that the line is over, once it is.
  private var exceeded: Int?
  /// What a line may have; never less than what is kept of one already.
  var lineByteCountMaximum: Int

  init(lineByteCountMaximum: Int) {
    self.lineByteCountMaximum = lineByteCountMaximum
  }

  /// What is kept of a line whose end has not come.
  var keptByteCount: Int { kept.count }

  /// The next line; to be called with the same piece until there is nothing, then with the next one.
  mutating func next(in piece: Span<UInt8>) -> Found {
    while let end = piece.firstIndex(of: UInt8(ascii: "\n"), from: position) {
      let start = position
      position = end + 1
      number += 1
      if let maximum = exceeded ?? limit(exceededBy: end - start) {
        forgetLine()
        return .tooLong(byteCountMaximum: maximum)
      }
      if kept.isEmpty {
        let range = Self.trimmed(piece, start..<end, isFirst: number == 1)
        if !range.isEmpty { return .line(range) }
      } else {
        kept.append(piece.extracting(start..<end))
        if let line = takeKept() { return .joined(line) }
      }
    }
    keep(piece.extracting(position...))
    position = 0
    return .nothing
  }

  /// The line that ends with the body.
  mutating func last() -> Found {
    number += 1
    if let maximum = exceeded {
      forgetLine()
      return .tooLong(byteCountMaximum: maximum)
    }
    return takeKept().map { .joined($0) } ?? .nothing
  }

  private mutating func keep(_ bytes: Span<UInt8>) {
    guard exceeded == nil, bytes.count > 0 else { return }
    if let maximum = limit(exceededBy: bytes.count) {
      forgetLine()
      exceeded = maximum
    } else {
      kept.append(bytes)
    }
  }

  /// The limit, where the line is over it with so many bytes more.
  private func limit(exceededBy byteCount: Int) -> Int? {
    kept.count + byteCount > lineByteCountMaximum ? lineByteCountMaximum : nil
  }

  private mutating func takeKept() -> [UInt8]? {
    let range = Self.trimmed(kept.span, 0..<kept.count, isFirst: number == 1)
    defer { forgetLine() }
    if range.isEmpty { return nil }
    return range.count == kept.count ? kept : Array(kept[range])
  }

  private mutating func forgetLine() {
    exceeded = nil
    kept = []
  }

  /// A line without white space around it, and without a byte order mark.
  private static func trimmed(
    _ bytes: Span<UInt8>, _ line: Range<Int>, isFirst: Bool
  ) -> Range<Int> {
    var start = line.lowerBound
    var end = line.upperBound
    if isFirst, end - start >= 3, bytes[start] == 0xEF, bytes[start + 1] == 0xBB,
      bytes[start + 2] == 0xBF
    {
      start += 3
    }
    while end > start, isSpace(bytes[end - 1]) { end -= 1 }
    while start < end, isSpace(bytes[start]) { start += 1 }
    return start..<end
  }

  private static func isSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\r") || byte == UInt8(ascii: "\t")
  }
}
