import Kernel

/// One open stream: its connection, and where in the response it is.
///
/// Reads lines that end in LF, as weir writes them. What is kept between two pieces is the line
/// that the first one cut off, and nothing else.
final class Subscription {
  /// What a stream is at.
  enum State {
    case connecting, awaitingHead, open, ended
  }

  let descriptor: Descriptor
  var state = State.connecting
  private(set) var track = SequenceTrack()

  private var chunks = ChunkDecoder()
  private var kept: [UInt8] = []
  private var sequence: UInt64?
  private var event: (number: Int, nanoseconds: Int64)?

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Takes what has been read from the connection at `now`.
  func take(_ bytes: Span<UInt8>, now: Int64, _ tally: inout Tally) throws(Failure) {
    if state == .awaitingHead {
      try takeHead(bytes, now: now, &tally)
      return
    }
    var position = 0
    while let piece = try chunks.next(bytes, &position) {
      takeLines(bytes, piece, now: now, &tally)
    }
    if chunks.hasEnded { state = .ended }
  }

  private func takeHead(_ bytes: Span<UInt8>, now: Int64, _ tally: inout Tally) throws(Failure) {
    for index in bytes.indices { kept.append(bytes[index]) }
    let start = kept
    guard let head = ResponseHead(start.span) else {
      if start.count > 16 << 10 { throw Failure("the response's head has no end") }
      return
    }
    guard head.status == 200 else {
      throw Failure(
        "a stream was answered with status \(head.status): "
          + "is --url a stream, and does nginx take so many?"
      )
    }
    guard head.isChunked else {
      throw Failure("a stream was answered without chunks: the hub does not run behind nginx")
    }
    kept = []
    state = .open
    try take(start.span.extracting(head.byteCount...), now: now, &tally)
  }

  private func takeLines(
    _ bytes: Span<UInt8>, _ piece: Range<Int>, now: Int64, _ tally: inout Tally
  ) {
    var lineStart = piece.lowerBound
    if !kept.isEmpty {
      guard let end = Self.lineEnd(bytes, piece) else {
        keep(bytes, piece)
        return
      }
      keep(bytes, piece.lowerBound..<end)
      let line = kept
      kept = []
      takeLine(line.span, line.indices, now: now, &tally)
      lineStart = end + 1
    }
    while lineStart < piece.upperBound {
      guard let end = lineEnd(bytes, lineStart..<piece.upperBound, tally.stamp.byteCount) else {
        keep(bytes, lineStart..<piece.upperBound)
        return
      }
      takeLine(bytes, lineStart..<end, now: now, &tally)
      lineStart = end + 1
    }
  }

  private func keep(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    for index in range { kept.append(bytes[index]) }
  }

  /// Where the line ends; looks for a line of this run's length first, which most data lines are.
  @inline(__always)
  private func lineEnd(_ bytes: Span<UInt8>, _ range: Range<Int>, _ messageByteCount: Int) -> Int? {
    let likely = range.lowerBound + 6 + messageByteCount
    if bytes[range.lowerBound] == UInt8(ascii: "d"), likely < range.upperBound,
      bytes[likely] == UInt8(ascii: "\n")
    {
      return likely
    }
    return Self.lineEnd(bytes, range)
  }

  private static func lineEnd(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int? {
    var position = range.lowerBound
    while position < range.upperBound {
      if bytes[position] == UInt8(ascii: "\n") { return position }
      position += 1
    }
    return nil
  }

  private func takeLine(
    _ bytes: Span<UInt8>, _ line: Range<Int>, now: Int64, _ tally: inout Tally
  ) {
    if line.isEmpty {
      endEvent(now: now, &tally)
    } else if bytes[line.lowerBound] == UInt8(ascii: "d") {
      guard let value = bytes.rest(of: line, after: "data:") else { return }
      event = tally.stamp.read(bytes, value)
    } else if bytes[line.lowerBound] == UInt8(ascii: "i") {
      guard let value = bytes.rest(of: line, after: "id:") else { return }
      sequence = bytes.sequence(in: value)
    } else if bytes.rest(of: line, after: "event: weir.gap") != nil {
      tally.gapCount += 1
    }
  }

  private func endEvent(now: Int64, _ tally: inout Tally) {
    if let event {
      tally.add(
        sequence: sequence, number: event.number, latencyNanoseconds: now - event.nanoseconds,
        to: &track)
    }
    event = nil
    sequence = nil
  }
}
