import Kernel

/// One open stream: its connection, and where in the response it is.
///
/// What is kept between two pieces is the event block that the first one cut off, and nothing else.
/// Lines end in LF, as all hubs here write them.
final class Subscription {
  /// What a stream is at.
  enum State {
    case connecting, awaitingHead, open, ended
  }

  let descriptor: Descriptor
  var state = State.connecting
  private(set) var track = SequenceTrack()
  private var isChunked = true
  private var chunks = ChunkDecoder()
  /// The begin of a block, or of the response's head.
  private(set) var kept: [UInt8] = []

  init(_ descriptor: consuming Descriptor) {
    self.descriptor = descriptor
  }

  /// Takes what has been read from the connection at `now`.
  ///
  /// - Parameters:
  ///   - buffer: begins with ``kept``; what it holds is changed.
  ///   - byteCount: of what is kept and what was read behind it.
  func take(_ buffer: inout [UInt8], byteCount: Int, now: Int64, _ tally: inout Tally)
    throws(Failure)
  {
    var received = kept.count..<byteCount
    var textEnd = kept.count
    if state == .awaitingHead {
      let head: ResponseHead
      do {
        let span = buffer.span
        guard let whole = ResponseHead(span.extracting(0..<byteCount)) else {
          guard byteCount < 16 << 10 else { throw Failure("the response's head has no end") }
          kept.append(contentsOf: buffer[received])
          return
        }
        head = whole
      }
      guard head.status == 200 else {
        throw Failure(
          "a stream was answered with status \(head.status): "
            + "is --url a stream, and does nginx take so many?", status: head.status)
      }
      isChunked = head.isChunked
      state = .open
      received = head.byteCount..<byteCount
      textEnd = 0
    }
    if !isChunked {
      // A body without a length, to the end of the connection.
      Platform.move(&buffer, from: received, to: textEnd)
      textEnd += received.count
    }
    // The chunks' content is moved together, to the front.
    while isChunked, let piece = try chunks.next(buffer.span, &received) {
      Platform.move(&buffer, from: piece, to: textEnd)
      textEnd += piece.count
    }
    let done = takeBlocks(buffer.span.extracting(0..<textEnd), now: now, &tally)
    kept.removeAll(keepingCapacity: true)
    kept.append(contentsOf: buffer[done..<textEnd])
    if chunks.hasEnded { state = .ended }
  }

  /// Takes the whole blocks of `text`; returns where the one begins that is not whole.
  private func takeBlocks(_ text: Span<UInt8>, now: Int64, _ tally: inout Tally) -> Int {
    var track = track
    self.track = SequenceTrack()
    defer { self.track = track }
    let stamp = tally.stamp
    let likelyLineByteCount = 6 + stamp.byteCount
    var blockStart = 0
    var lineStart = 0
    var sequence: UInt64?
    var event: (number: Int, nanoseconds: Int64)?
    while lineStart < text.count {
      if lineStart == blockStart,
        let byteCount = tally.addExpected(text, at: blockStart, now: now, to: &track)
      {
        blockStart += byteCount
        lineStart = blockStart
        continue
      }
      let first = text[lineStart]
      var lineEnd = lineStart
      if first != UInt8(ascii: "\n") {
        // Most data lines are of this run's length.
        let likely = lineStart + likelyLineByteCount
        if first == UInt8(ascii: "d"), likely < text.count, text[likely] == UInt8(ascii: "\n") {
          lineEnd = likely
        } else {
          guard let found = text.lineFeed(in: lineStart..<text.count) else { return blockStart }
          lineEnd = found
        }
      }
      switch first {
      case UInt8(ascii: "\n"):
        if let event {
          tally.add(
            sequence: sequence, number: event.number, nanoseconds: event.nanoseconds, now: now,
            to: &track, text, blockStart..<lineEnd + 1)
        }
        event = nil
        sequence = nil
        blockStart = lineEnd + 1
      case UInt8(ascii: "d"):
        event = stamp.read(text, min(lineStart + 6, lineEnd)..<lineEnd)
      case UInt8(ascii: "i"):
        sequence = text.sequence(in: min(lineStart + 4, lineEnd)..<lineEnd)
      case UInt8(ascii: "e"):
        if text.rest(of: lineStart..<lineEnd, after: "event: weir.gap") != nil {
          tally.gapCount += 1
        }
      default:
        break
      }
      lineStart = lineEnd + 1
    }
    return blockStart
  }
}
