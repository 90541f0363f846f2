/// Looks at a text for keys of more parts than there may be, before anything is made of it.
///
/// It knows as much of the grammar as tells where a key may stand: what is a text, and what is a comment.
/// Behind the first fault of a text it may be wrong, and there nothing is read any more.
struct KeyParts {
  private let bytes: [UInt8]
  private var index = 0
  private var lineStart = 0
  private var line = 1
  private var dots = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// - Throws: where a key has too many parts.
  static func check(_ bytes: [UInt8]) throws(TOMLFault) {
    var parts = KeyParts(bytes)
    try parts.check()
  }

  private mutating func check() throws(TOMLFault) {
    while index < bytes.count {
      let byte = bytes[index]
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "'"):
        skipText(in: byte)
        continue
      case UInt8(ascii: "#"): skipComment()
      case UInt8(ascii: "."):
        dots += 1
        if dots == TOMLLimits.keyPartCountMaximum { throw fault() }
      case UInt8(ascii: "\n"): endLine()
      case UInt8(ascii: "="), UInt8(ascii: ","), UInt8(ascii: "{"), UInt8(ascii: "["): dots = 0
      default: break
      }
      index += 1
    }
  }

  private mutating func endLine() {
    line += 1
    lineStart = index + 1
    dots = 0
  }

  /// To the last byte of the line.
  private mutating func skipComment() {
    while index + 1 < bytes.count, bytes[index + 1] != UInt8(ascii: "\n") { index += 1 }
  }

  /// Behind the text that begins here.
  private mutating func skipText(in quote: UInt8) {
    let isLong = stands(quote, times: 3)
    index += isLong ? 3 : 1
    while index < bytes.count {
      let byte = bytes[index]
      if byte == quote, !isLong || stands(quote, times: 3) {
        index += isLong ? 3 : 1
        // Up to two more belong to the text, before its end.
        while isLong, index < bytes.count, bytes[index] == quote { index += 1 }
        return
      }
      // A text of one line that has no end is a fault.
      if byte == UInt8(ascii: "\n"), !isLong { return }
      if byte == UInt8(ascii: "\n") { endLine() }
      let isEscape = byte == UInt8(ascii: "\\") && quote == UInt8(ascii: "\"")
      // What is escaped may be a quote; a newline has to be seen.
      let escapesQuote =
        isEscape && index + 1 < bytes.count && bytes[index + 1] != UInt8(ascii: "\n")
      index += escapesQuote ? 2 : 1
    }
  }

  private func stands(_ quote: UInt8, times count: Int) -> Bool {
    index + count <= bytes.count && bytes[index..<index + count].allSatisfy { $0 == quote }
  }

  private func fault() -> TOMLFault {
    // What continues a scalar (10xxxxxx) is no column of its own.
    let column = bytes[lineStart..<index].count { $0 & 0xC0 != 0x80 } + 1
    return TOMLFault(
      line: line, column: column,
      text: "a key has more than \(TOMLLimits.keyPartCountMaximum) parts with dots between")
  }
}
