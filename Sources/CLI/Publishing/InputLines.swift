import Kernel

/// Standard input line by line: those that are there at once come together, and none waits for more.
struct InputLines {
  /// What comes together; a line more at most.
  private static let batchByteCountMaximum = 256 << 10

  private let lineByteCountMaximum: Int
  private let interruption: Interruption
  private var rest: [UInt8] = []
  private var isSkipping = false
  private var isOver = false
  private var number = 0
  /// Bytes that were read.
  private(set) var byteCount = 0

  /// The lines from here on.
  ///
  /// - Parameter lineByteCountMaximum: of a longer one nothing is kept.
  init(lineByteCountMaximum: Int, interruption: Interruption) {
    self.lineByteCountMaximum = lineByteCountMaximum
    self.interruption = interruption
  }

  /// The next lines, at least one; nil at the end of the input, or where the process is to end.
  mutating func next() throws(SystemCallError) -> [InputLine]? {
    var lines: [InputLine] = []
    let begin = byteCount
    while !isOver {
      // What is there is taken; what is not is waited for only where there is no line yet.
      let isThere = try interruption.waitForInput(timeout: lines.isEmpty ? nil : .zero)
      if !isThere, !lines.isEmpty { return lines }
      guard isThere, let chunk = try StandardStream.input.read() else {
        isOver = true
        break
      }
      byteCount += chunk.count
      take(chunk, into: &lines)
      if byteCount - begin >= Self.batchByteCountMaximum, !lines.isEmpty { return lines }
    }
    if !rest.isEmpty || isSkipping { end(into: &lines) }
    return lines.isEmpty ? nil : lines
  }

  private mutating func take(_ chunk: [UInt8], into lines: inout [InputLine]) {
    var pieces = chunk.split(
      separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
    while let piece = pieces.popFirst() {
      if !isSkipping { rest += piece }
      if rest.count > lineByteCountMaximum {
        rest = []
        isSkipping = true
      }
      if !pieces.isEmpty { end(into: &lines) }
    }
  }

  private mutating func end(into lines: inout [InputLine]) {
    number += 1
    if rest.last == UInt8(ascii: "\r") { rest.removeLast() }
    lines.append(InputLine(number: number, bytes: rest, isTooLong: isSkipping))
    rest = []
    isSkipping = false
  }
}
