public import Kernel

/// Bytes of a response or stream in STDOUT records, ready for the wire.
///
/// A value: whoever holds it may append to it. Content is split where a record is full.
public struct OutputFrame {
  private var requestID: UInt16
  private var records: [UInt8] = []
  /// Where the header of the record that is being filled stands; its length is put in last.
  private var openRecord: Int?

  /// An empty frame for the request `requestID`, which every record names.
  public init(requestID: UInt16) {
    self.requestID = requestID
  }

  /// Whether nothing has been appended.
  public var isEmpty: Bool { records.isEmpty }

  /// Bytes that the frame keeps memory for.
  public var capacity: Int { records.capacity }

  /// Bytes of the records.
  public var byteCount: Int { records.count }

  /// Sends what comes behind the first `done` bytes, or a part of it; after ``close()``.
  @inline(__always)
  public func send(
    on connection: borrowing StreamConnection, from done: Int = 0
  ) throws(SystemCallError) -> Transfer {
    try connection.send(records.span.extracting(done...))
  }

  /// Where content that is appended now will begin among the frame's bytes.
  public var contentOffset: Int {
    records.count + (openRecord == nil ? RecordHeader.byteCount : 0)
  }

  /// Overwrites content, which lies in one record; as many bytes stay.
  public mutating func overwrite(_ range: Range<Int>, with byte: (Int) -> UInt8) {
    for place in range { records[place] = byte(place) }
  }

  /// Appends content.
  public mutating func append(_ content: Span<UInt8>) {
    var done = 0
    while done < content.count {
      let start = openRecord ?? openNewRecord()
      let room =
        start + RecordHeader.byteCount + RecordHeader.contentByteCountMaximum - records.count
      if room == 0 {
        close()
        continue
      }
      let count = min(room, content.count - done)
      makeRoom(for: count)
      records.append(content.extracting(done..<(done + count)))
      done += count
    }
  }

  /// Appends content.
  public mutating func append(_ content: [UInt8]) {
    append(content.span)
  }

  /// Appends records that are whole already.
  public mutating func append(records whole: [UInt8]) {
    close()
    records += whole
  }

  /// Appends the end of the request: an empty STDOUT record and END_REQUEST.
  public mutating func appendEnd() {
    close()
    RecordHeader.append(.standardOutput, requestID: requestID, contentByteCount: 0, to: &records)
    RecordHeader.appendEnd(requestID: requestID, protocolStatus: .complete, to: &records)
  }

  /// Makes the last record whole; content that follows begins a new one.
  public mutating func close() {
    guard let start = openRecord else { return }
    let count = records.count - start - RecordHeader.byteCount
    records[start + 4] = UInt8(count >> 8)
    records[start + 5] = UInt8(count & 0xFF)
    openRecord = nil
  }

  /// Hands the records out; the frame is empty and ready to be filled again.
  public mutating func finish() -> [UInt8] {
    close()
    let finished = records
    records = []
    return finished
  }

  /// Empties the frame for another request; it keeps its memory.
  public mutating func reset(requestID: UInt16) {
    self.requestID = requestID
    records.removeAll(keepingCapacity: true)
    openRecord = nil
  }

  /// Grows in powers of two, so that a frame takes no more than twice its bytes and a full one
  /// nothing beyond them.
  private mutating func makeRoom(for byteCount: Int) {
    let needed = records.count + byteCount
    guard needed > records.capacity else { return }
    var capacity = 512
    while capacity < needed { capacity *= 2 }
    records.reserveCapacity(capacity)
  }

  private mutating func openNewRecord() -> Int {
    let start = records.count
    RecordHeader.append(.standardOutput, requestID: requestID, contentByteCount: 0, to: &records)
    openRecord = start
    return start
  }
}
