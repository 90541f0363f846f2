import Kernel

/// Takes the content of STDIN records out of a connection's bytes as they come, also a part of a record.
///
/// Pure, and keeps nothing but an unfinished header.
struct BodyRecords {
  /// What the bytes so far amount to.
  enum Verdict: Hashable {
    /// The body goes on.
    case goesOn
    /// The body is whole.
    case ended
    /// The web server has given the request up.
    case aborted
    /// Not FastCGI, or a record that has no place here.
    case malformed
  }

  private let requestID: UInt16
  private var header: [UInt8] = []
  /// Content of the present record that is still to come.
  private var contentByteCount = 0
  /// Bytes of the present record that are passed over.
  private var paddingByteCount = 0
  /// What the body comes to with the end of the present record.
  private var verdictBehindRecord = Verdict.goesOn

  init(requestID: UInt16) {
    self.requestID = requestID
  }

  /// Takes `bytes` in, up to the end of the body.
  ///
  /// - Parameters:
  ///   - position: from where; afterwards behind what was taken in. What follows the end of the body is a
  ///     next request's.
  ///   - content: gets what belongs to the body.
  mutating func take(
    _ bytes: Span<UInt8>, from position: inout Int, into content: inout [UInt8]
  ) -> Verdict {
    while true {
      let share = min(contentByteCount, bytes.count - position)
      content.append(bytes.extracting(position..<(position + share)))
      contentByteCount -= share
      position += share
      guard contentByteCount == 0 else { return .goesOn }
      let passed = min(paddingByteCount, bytes.count - position)
      paddingByteCount -= passed
      position += passed
      guard paddingByteCount == 0 else { return .goesOn }
      guard verdictBehindRecord == .goesOn else { return verdictBehindRecord }
      while header.count < RecordHeader.byteCount, position < bytes.count {
        header.append(bytes[position])
        position += 1
      }
      guard header.count == RecordHeader.byteCount else { return .goesOn }
      guard begin(RecordHeader(header.span, at: 0)) else { return .malformed }
      header.removeAll(keepingCapacity: true)
    }
  }

  /// Whether a record with this header may come.
  private mutating func begin(_ header: RecordHeader) -> Bool {
    guard header.version == RecordHeader.version, header.requestID == requestID else {
      return false
    }
    paddingByteCount = header.paddingByteCount
    switch header.type {
    case RecordType.standardInput.rawValue:
      contentByteCount = header.contentByteCount
      if contentByteCount == 0 { verdictBehindRecord = .ended }
    case RecordType.abortRequest.rawValue:
      paddingByteCount += header.contentByteCount
      verdictBehindRecord = .aborted
    default:
      return false
    }
    return true
  }
}
