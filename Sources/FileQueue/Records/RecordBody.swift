import Kernel

/// Where the body of one record lies on disk, for reading it in pieces.
public struct RecordBody: Hashable, Sendable {
  /// Behind the record.
  public let next: Cursor
  /// When the event was published, in milliseconds since 1970.
  public let unixMilliseconds: Int64
  /// Its topics.
  public let topics: [Topic]
  /// When the event stops being delivered, in milliseconds since 1970; `Int64.max` for never.
  public let expiresAt: Int64
  let range: Range<Int>

  /// Bytes of the body.
  public var byteCount: Int { range.count }
}

extension QueueReader {
  /// Where the body of the event `sequence` lies, after its checksum was found to be right; nil
  /// where the event is not there any more.
  public mutating func body(of sequence: UInt64) throws(QueueError) -> RecordBody? {
    var next = try cursor(at: sequence)
    guard next.sequence == sequence else { return nil }
    var layout: RecordLayout?
    var topics: [Topic] = []
    _ = try read(from: &next, upTo: sequence + 1, byteCountMaximum: 1) { record, bytes in
      layout = record
      record.forEachTopic(in: bytes) { topics += [Topic(encoded: $0)].compactMap(\.self) }
    }
    guard let layout else { return nil }
    return RecordBody(
      next: next, unixMilliseconds: layout.unixMilliseconds, topics: topics,
      expiresAt: layout.expiresAt,
      range: (next.offset - layout.body.count)..<next.offset)
  }

  /// Reads a piece of a body, from `offset` in it; hands out nothing where retention has removed
  /// the event meanwhile.
  ///
  /// - Parameters:
  ///   - byteCountMaximum: of the piece; at most ``QueueLimits/chunkByteCount``.
  ///   - visit: gets the bytes for the time of the call.
  public mutating func read(
    _ body: RecordBody, from offset: Int, byteCountMaximum: Int, _ visit: (Span<UInt8>) -> Void
  ) throws(QueueError) {
    guard let file = try openIfThere(body.next.segment) else { return }
    let wanted = min(byteCountMaximum, body.byteCount - offset, chunk.count)
    let place = body.range.lowerBound + offset
    let loaded = try mapping { () throws(SystemCallError) in
      var span = chunk.mutableSpan
      return try file.text.read(at: place, into: &span, byteCountMaximum: wanted)
    }
    if loaded == wanted { visit(chunk.span.extracting(0..<loaded)) }
  }
}
