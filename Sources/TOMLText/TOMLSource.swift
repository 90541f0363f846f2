/// The bytes of a text by line and column.
struct TOMLSource {
  private let bytes: [UInt8]
  private let lineStarts: [Int]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    // A byte order mark is no column of the first line.
    var starts = [bytes.starts(with: "\u{FEFF}".utf8) ? 3 : 0]
    for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") {
      starts.append(index + 1)
    }
    lineStarts = starts
  }

  /// What stands in a line from a column to before another one.
  func text(line: Int, columns: Range<Int>) -> String {
    guard lineStarts.indices.contains(line - 1) else { return "" }
    let begin = offset(of: columns.lowerBound, from: lineStarts[line - 1])
    let end = offset(of: columns.upperBound - columns.lowerBound + 1, from: begin)
    return String(decoding: bytes[begin..<end], as: UTF8.self)
  }

  /// The place of a column, the first of which begins at `start`.
  private func offset(of column: Int, from start: Int) -> Int {
    var index = start
    for _ in 1..<max(1, column) where index < bytes.count {
      index += 1
      while index < bytes.count, bytes[index] & 0xC0 == 0x80 { index += 1 }
    }
    return index
  }
}
