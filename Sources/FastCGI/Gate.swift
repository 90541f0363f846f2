/// Watches a request come in, record by record, and lets only a whole and well-formed one through.
///
/// Pure: it looks at the bytes that a front has collected and never at the same record twice. What
/// passes is safe for libfcgi's parser, which trusts lengths and blocks on what is missing.
struct Gate {
  /// What the bytes so far amount to.
  enum Verdict: Hashable {
    /// The request goes on.
    case incomplete
    /// The head is there, up to this many bytes, and the body is not; said once.
    case head(byteCount: Int, requestID: UInt16)
    /// Everything is there, up to this many bytes.
    case complete(byteCount: Int, requestID: UInt16)
    /// As `complete`, but the body was over the limit and has not been kept.
    case tooLarge(byteCount: Int, requestID: UInt16, keepsConnection: Bool)
    /// A management record: so many bytes, to be answered by themselves.
    case management(byteCount: Int)
    /// Another role than a responder's was asked for.
    case unknownRole(requestID: UInt16)
    /// The web server gave the request up before it was whole.
    case aborted(byteCount: Int, requestID: UInt16, keepsConnection: Bool)
    /// So many bytes that mean nothing: an abort of a request that has been answered by now.
    case stray(byteCount: Int)
    /// Not FastCGI, or not as the specification has it.
    case malformed(String)
  }

  private enum Stage {
    case begin
    case parameters
    case input
  }

  private var stage = Stage.begin
  /// Up to where records have been looked at.
  private var position = 0
  private var requestID: UInt16 = 0
  private var keepsConnection = false
  private var parameterBytes: [UInt8] = []
  /// Where the body begins; nil before that is known and after it was said.
  private var headByteCount: Int?
  private var bodyByteCount = 0
  private let bodyByteCountMaximum: Int
  private static let framingByteCountMaximum = 256 << 10

  init(bodyByteCountMaximum: Int) {
    self.bodyByteCountMaximum = bodyByteCountMaximum
  }

  /// Whether a request has begun, of which more must come.
  var hasBegun: Bool { stage != .begin || position > 0 }

  /// Body bytes behind the limit, which the front may drop: a range of the collected bytes.
  var isOverLimit: Bool { bodyByteCount > bodyByteCountMaximum }

  /// The front has dropped everything that was looked at.
  mutating func forgetLookedAt() -> Int {
    defer { position = 0 }
    return position
  }

  /// Looks at the records that have become whole since the last call.
  mutating func inspect(_ bytes: Span<UInt8>) -> Verdict {
    while bytes.count - position >= RecordHeader.byteCount {
      let header = RecordHeader(bytes, at: position)
      if let reason = objection(to: header) { return .malformed(reason) }
      guard bytes.count - position >= header.recordByteCount else { break }
      let content = bytes.extracting(
        (position + RecordHeader.byteCount)..<(position + RecordHeader.byteCount
          + header.contentByteCount))
      position += header.recordByteCount
      if header.requestID == 0 { return .management(byteCount: position) }
      if let verdict = take(header, content) { return verdict }
    }
    return sayHead() ?? .incomplete
  }

  private mutating func sayHead() -> Verdict? {
    headByteCount.take().map { .head(byteCount: $0, requestID: requestID) }
  }

  /// What can be said of a record by its header alone, before its content has come.
  private func objection(to header: RecordHeader) -> String? {
    guard header.version == RecordHeader.version else { return "version \(header.version)" }
    if header.requestID == 0 {
      return stage == .begin && position == 0 ? nil : "a management record inside a request"
    }
    switch stage {
    case .begin:
      if header.type == RecordType.abortRequest.rawValue { return nil }
      guard header.type == RecordType.beginRequest.rawValue else {
        return "type \(header.type) where a request begins"
      }
      return header.contentByteCount == 8
        ? nil : "BEGIN_REQUEST has \(header.contentByteCount) bytes"
    case .parameters, .input:
      guard header.requestID == requestID else { return "a second request on the connection" }
      let expected: RecordType = stage == .parameters ? .parameters : .standardInput
      guard
        header.type == expected.rawValue || header.type == RecordType.abortRequest.rawValue
      else { return "type \(header.type) where \(expected.rawValue) goes on" }
      // libfcgi forgets the padding of the empty record that ends PARAMS and misreads what follows.
      guard stage == .input || header.contentByteCount > 0 || header.paddingByteCount == 0 else {
        return "padding on an empty PARAMS record"
      }
      return nil
    }
  }

  private mutating func take(_ header: RecordHeader, _ content: Span<UInt8>) -> Verdict? {
    if header.type == RecordType.abortRequest.rawValue {
      if stage == .begin { return .stray(byteCount: position) }
      return .aborted(
        byteCount: position, requestID: requestID, keepsConnection: keepsConnection)
    }
    switch stage {
    case .begin:
      requestID = header.requestID
      keepsConnection = content[2] & 1 == 1
      let role = Int(content[0]) << 8 | Int(content[1])
      guard role == 1 else { return .unknownRole(requestID: requestID) }
      stage = .parameters
    case .parameters:
      if content.isEmpty {
        if let reason = objectionToParameters() { return .malformed(reason) }
        parameterBytes = []
        stage = .input
        headByteCount = position
        break
      }
      guard
        parameterBytes.count + content.count <= FrontLimits.parametersByteCountMaximum
      else { return .malformed("PARAMS are larger than 65535 bytes") }
      parameterBytes.append(content)
    case .input:
      guard content.isEmpty else {
        bodyByteCount += content.count
        if isOverLimit, let head = sayHead() { return head }
        // Tiny records and padding must not make a small body fill the memory.
        if !isOverLimit, position > 2 * bodyByteCountMaximum + Self.framingByteCountMaximum {
          return .malformed("more framing than content")
        }
        break
      }
      return isOverLimit
        ? .tooLarge(
          byteCount: position, requestID: requestID, keepsConnection: keepsConnection)
        : .complete(byteCount: position, requestID: requestID)
    }
    return nil
  }

  /// Checks that each name and value ends within PARAMS (section 3.4).
  private func objectionToParameters() -> String? {
    var index = 0
    let count = parameterBytes.count
    func length() -> Int? {
      guard index < count else { return nil }
      let first = parameterBytes[index]
      if first < 128 {
        index += 1
        return Int(first)
      }
      guard index + 4 <= count else { return nil }
      let length =
        Int(first & 0x7F) << 24 | Int(parameterBytes[index + 1]) << 16
        | Int(parameterBytes[index + 2]) << 8 | Int(parameterBytes[index + 3])
      index += 4
      return length
    }
    while index < count {
      guard let name = length(), let value = length(), name + value <= count - index else {
        return "a name or value is longer than PARAMS"
      }
      index += name + value
    }
    return nil
  }
}
