/// Bytes of a response or stream in STDOUT records, ready for the wire.
///
/// A value: whoever holds it may append to it. Content is split where a record is full.
public struct OutputFrame {
  private let requestID: UInt16
  private var bytes: [UInt8] = []
  /// Where the header of the record that is being filled stands; its length is put in last.
  private var openRecord: Int?

  /// An empty frame for the request `requestID`, which every record names.
  public init(requestID: UInt16) {
    self.requestID = requestID
  }

  /// Whether nothing has been appended since the last ``finish()``.
  public var isEmpty: Bool { bytes.isEmpty }

  /// Appends content.
  public mutating func append(_ content: Span<UInt8>) {
    var done = 0
    while done < content.count {
      let start = openRecord ?? openNewRecord()
      let room =
        start + RecordHeader.byteCount + RecordHeader.contentByteCountMaximum - bytes.count
      if room == 0 {
        closeRecord()
        continue
      }
      let count = min(room, content.count - done)
      let piece = content.extracting(done..<(done + count))
      bytes.reserveCapacity(bytes.count + count)
      for index in piece.indices { bytes.append(piece[index]) }
      done += count
    }
  }

  /// Appends content.
  public mutating func append(_ content: [UInt8]) {
    append(content.span)
  }

  /// Appends the end of the request: an empty STDOUT record and END_REQUEST.
  public mutating func appendEnd() {
    closeRecord()
    RecordHeader.append(.standardOutput, requestID: requestID, contentByteCount: 0, to: &bytes)
    RecordHeader.appendEnd(requestID: requestID, protocolStatus: .complete, to: &bytes)
  }

  /// Hands the records out; the frame is empty and ready to be filled again.
  public mutating func finish() -> [UInt8] {
    closeRecord()
    let finished = bytes
    bytes = []
    return finished
  }

  private mutating func openNewRecord() -> Int {
    let start = bytes.count
    RecordHeader.append(.standardOutput, requestID: requestID, contentByteCount: 0, to: &bytes)
    openRecord = start
    return start
  }

  private mutating func closeRecord() {
    guard let start = openRecord else { return }
    let count = bytes.count - start - RecordHeader.byteCount
    bytes[start + 4] = UInt8(count >> 8)
    bytes[start + 5] = UInt8(count & 0xFF)
    openRecord = nil
  }
}
