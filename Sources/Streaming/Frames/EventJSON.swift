import EventStream
import FileQueue
import Kernel

/// Renders events as JSON, each on a line of its own:
/// `{"id":"6f2a91c4-42","time":1732147200123,"topics":["orders"],"event":"message","data":"…"}`.
///
/// Pure functions over bytes: what has many subscribers goes through them once an event.
enum EventJSON {
  /// How far ``appendFields(_:isFirst:byteCountMaximum:to:)`` has come.
  enum Progress {
    /// So many bytes of the body's are done.
    case some(Int)
    /// The event is whole.
    case all
  }

  /// Appends an event of the queue, whole.
  ///
  /// - Parameters:
  ///   - told: tells those of its topics only that it takes; nil for all.
  ///   - redeliveryCount: how often it was given before, for a member of a group.
  static func append(
    _ record: RecordLayout, _ bytes: Span<UInt8>, telling told: TopicFilter? = nil,
    redeliveryCount: Int? = nil, to output: inout [UInt8]
  ) {
    let body = bytes.extracting(record.body)
    appendHead(
      id: body.extracting(EventStreamWriter.id(in: body)), record.unixMilliseconds,
      redeliveryCount, to: &output)
    var isFirst = true
    record.forEachTopic(in: bytes) { topic in
      if let told, !told.matches(topic) { return }
      appendTopic(topic, isFirst: isFirst, to: &output)
      isFirst = false
    }
    _ = appendFields(body, isFirst: true, byteCountMaximum: .max, to: &output)
  }

  /// Appends what comes before the fields of an event that is read in pieces.
  static func appendHead(
    of body: RecordBody, id: EventID, telling told: TopicFilter?, redeliveryCount: Int? = nil,
    to output: inout [UInt8]
  ) {
    let id = Array(id.description.utf8)
    appendHead(id: id.span, body.unixMilliseconds, redeliveryCount, to: &output)
    var isFirst = true
    for topic in body.topics where told?.matches(topic) ?? true {
      appendTopic(topic.encoded.span, isFirst: isFirst, to: &output)
      isFirst = false
    }
  }

  /// Appends one of weir's own events.
  static func append(_ event: OwnEvent, unixMilliseconds: Int64, to output: inout [UInt8]) {
    let id = Array(event.id.description.utf8)
    appendHead(id: id.span, unixMilliseconds, nil, to: &output)
    output += Array("],\"event\":\"\(event.name)\",\"data\":\"".utf8)
    appendEscaped(event.data.span, to: &output)
    output += end
  }

  /// Appends what the lines of an event's body say, up to the end of the event where that is in the piece.
  ///
  /// - Parameters:
  ///   - piece: the body from its begin, or from where the last piece has ended; the last line in it may be cut
  ///     off anywhere.
  ///   - byteCountMaximum: of what is appended, but for a few bytes.
  static func appendFields(
    _ piece: Span<UInt8>, isFirst: Bool, byteCountMaximum: Int, to output: inout [UInt8]
  ) -> Progress {
    var place = 0
    let limit = byteCountMaximum == .max ? .max : output.count + byteCountMaximum
    if isFirst {
      output += Array("],\"event\":\"".utf8)
      if let name = EventStreamWriter.name(in: piece) {
        appendEscaped(piece.extracting(name), to: &output)
        place = name.upperBound + 1
      } else {
        output += Array("message".utf8)
      }
      if let retry = EventStreamWriter.retryLine(in: piece) { place = retry.upperBound }
      output += Array("\",\"data\":\"".utf8)
      place += dataField.count
    }
    while place < piece.count {
      guard output.count < limit else { return .some(place) }
      let plain = piece.extracting(place..<piece.count).plainCount(upTo: limit - output.count)
      output.append(piece.extracting(place..<(place + plain)))
      place += plain
      guard place < piece.count, output.count < limit else { continue }
      guard piece[place] == UInt8(ascii: "\n") else {
        appendEscaped(piece[place], to: &output)
        place += 1
        continue
      }
      // The next line is one of data, or the id, which comes last.
      guard place + 1 < piece.count else { return .some(place) }
      if piece[place + 1] != dataField[0] {
        output += end
        return .all
      }
      output += lineBreak
      place += 1 + dataField.count
    }
    return .some(place)
  }

  private static let dataField = Array("data: ".utf8)
  private static let topicsField = Array(",\"topics\":[".utf8)
  private static let lineBreak = Array("\\n".utf8)
  private static let end = Array("\"}\n".utf8)

  private static func appendHead(
    id: Span<UInt8>, _ unixMilliseconds: Int64, _ redeliveryCount: Int?,
    to output: inout [UInt8]
  ) {
    output += Array("{\"id\":\"".utf8)
    output.append(id)
    output += Array("\",\"time\":\(unixMilliseconds)".utf8)
    if let redeliveryCount { output += Array(",\"redelivered\":\(redeliveryCount)".utf8) }
    output += topicsField
  }

  /// Appends a topic as it stands in a record's head.
  private static func appendTopic(_ encoded: Span<UInt8>, isFirst: Bool, to output: inout [UInt8]) {
    if !isFirst { output.append(UInt8(ascii: ",")) }
    output.append(UInt8(ascii: "\""))
    if let topic = Topic.decode(encoded) { appendEscaped(topic.span, to: &output) }
    output.append(UInt8(ascii: "\""))
  }

  private static func appendEscaped(_ text: Span<UInt8>, to output: inout [UInt8]) {
    var place = 0
    while place < text.count {
      let plain = text.extracting(place..<text.count).plainCount(upTo: .max)
      output.append(text.extracting(place..<(place + plain)))
      place += plain
      if place < text.count { appendEscaped(text[place], to: &output) }
      place += 1
    }
  }

  /// RFC 8259, section 7.
  private static func appendEscaped(_ byte: UInt8, to output: inout [UInt8]) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
    case UInt8(ascii: "\n"): output.append(UInt8(ascii: "n"))
    case UInt8(ascii: "\r"): output.append(UInt8(ascii: "r"))
    case UInt8(ascii: "\t"): output.append(UInt8(ascii: "t"))
    default:
      let digits = Array("0123456789abcdef".utf8)
      output += Array("u00".utf8)
      output.append(digits[Int(byte >> 4)])
      output.append(digits[Int(byte & 15)])
    }
  }
}

extension Span<UInt8> {
  /// How many bytes from the first one on stand for themselves in JSON, no more than `maximum`.
  fileprivate func plainCount(upTo maximum: Int) -> Int {
    let end = Swift.min(count, maximum)
    var place = 0
    while place < end {
      let byte = self[place]
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
      place += 1
    }
    return place
  }
}
