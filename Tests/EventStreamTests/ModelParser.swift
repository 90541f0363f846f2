import EventStream

/// The steps of WHATWG HTML, section 9.2.6, done one after the other on the whole text, without a
/// thought for speed or pieces: what ``EventStreamParser`` is held against.
struct ModelParser {
  private(set) var events: [ParsedEvent] = []
  private(set) var lastEventID = ""
  private(set) var retryMilliseconds: Int?

  init(_ bytes: [UInt8]) {
    var text = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
    if text.first == "\u{FEFF}" { text.removeFirst() }
    var data = ""
    var type = ""
    var id = ""
    for line in Self.lines(text) {
      if line.isEmpty {
        lastEventID = id
        if data.unicodeScalars.last == "\n" {
          data.unicodeScalars.removeLast()
          events.append(
            ParsedEvent(type: type.isEmpty ? "message" : type, data: data, lastEventID: id))
        }
        data = ""
        type = ""
        continue
      }
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      var value = parts.count == 2 ? parts[1] : [][...]
      if value.first == " " { value.removeFirst() }
      switch Self.string(parts[0]) {
      case "event": type = Self.string(value)
      case "data": data += Self.string(value) + "\n"
      case "id": if !value.contains("\0") { id = Self.string(value) }
      case "retry":
        if value.allSatisfy({ ("0"..."9").contains($0) }), let number = Int(Self.string(value)) {
          retryMilliseconds = number
        }
      default: break
      }
    }
  }

  private static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
    var text = ""
    text.unicodeScalars.append(contentsOf: scalars)
    return text
  }

  /// The lines that have an end: CRLF is made LF, then CR, and what follows the last LF is dropped.
  private static func lines(_ text: Substring.UnicodeScalarView) -> [[Unicode.Scalar]] {
    var normal: [Unicode.Scalar] = []
    for scalar in text {
      if scalar == "\n", normal.last == "\r" { normal.removeLast() }
      normal.append(scalar)
    }
    return normal.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" }
      .dropLast().map { Array($0) }
  }
}
