import Support
import Testing

@testable import Hub

struct LineSplitterTests {
  /// The lines of a body that comes in pieces, by their numbers; nil for one that is too long.
  private static func lines(
    _ pieces: [[UInt8]], limit: Int = 1000
  ) -> [(number: Int, text: String?)] {
    var splitter = LineSplitter(lineByteCountMaximum: limit)
    var lines: [(number: Int, text: String?)] = []
    func add(_ found: LineSplitter.Found, in piece: [UInt8]) -> Bool {
      switch found {
      case .line(let range):
        lines.append((splitter.number, String(decoding: piece[range], as: UTF8.self)))
      case .joined(let line): lines.append((splitter.number, String(decoding: line, as: UTF8.self)))
      case .tooLong: lines.append((splitter.number, nil))
      case .nothing: return false
      }
      return true
    }
    for piece in pieces {
      while add(splitter.next(in: piece.span), in: piece) {}
      #expect(splitter.keptByteCount <= limit)
    }
    _ = add(splitter.last(), in: [])
    return lines
  }

  private static let body = Array("\u{FEFF}a\r\n\n \t\r\n  b c \nd\u{FEFF}\r\n\r\nlast".utf8)

  @Test func `lines are the same wherever a body is cut`() {
    for first in 0...Self.body.count {
      for second in first...Self.body.count {
        let pieces = [
          Array(Self.body[..<first]), Array(Self.body[first..<second]), Array(Self.body[second...]),
        ]
        let lines = Self.lines(pieces)
        #expect(lines.map(\.number) == [1, 4, 5, 7])
        #expect(lines.map(\.text) == ["a", "b c", "d\u{FEFF}", "last"])
      }
    }
  }

  @Test func `a line ends with the body, and what ends with a newline has no line behind it`() {
    #expect(Self.lines([Array("a\nb".utf8)]).map(\.text) == ["a", "b"])
    #expect(Self.lines([Array("a\nb\n".utf8)]).map(\.text) == ["a", "b"])
    #expect(Self.lines([Array("a\nb\r".utf8)]).map(\.text) == ["a", "b"])
    #expect(Self.lines([]).isEmpty)
    #expect(Self.lines([Array("\u{FEFF}".utf8)]).isEmpty)
  }

  @Test func `a line over the limit is told and not kept, and the next ones are read`() {
    let long = String(repeating: "x", count: 11)
    let just = String(repeating: "y", count: 10)
    for text in [
      "\(long)\n\(just)\n\(long)\(long)\nz\n\(long)", "\(long)\r\n\(just)\n\(long)\nz\n\(long)\n",
    ] {
      var generator = SeededGenerator()
      let bytes = Array(text.utf8)
      for pieces in [[bytes], generator.pieces(of: bytes), bytes.map { [$0] }] {
        let lines = Self.lines(pieces, limit: 10)
        #expect(lines.map(\.number) == [1, 2, 3, 4, 5])
        #expect(lines.map(\.text) == [nil, just, nil, "z", nil])
      }
    }
  }
}
