/// The eight bytes before a record's content (FastCGI specification 1.0, section 3.3).
struct RecordHeader: Hashable {
  static let byteCount = 8
  static let version: UInt8 = 1
  /// The most that a record can hold.
  static let contentByteCountMaximum = 65_535

  let version: UInt8
  let type: UInt8
  let requestID: UInt16
  let contentByteCount: Int
  let paddingByteCount: Int

  /// Header, content and padding.
  var recordByteCount: Int { Self.byteCount + contentByteCount + paddingByteCount }

  /// Reads a header; `bytes` holds at least eight from `start`.
  init(_ bytes: Span<UInt8>, at start: Int) {
    version = bytes[start]
    type = bytes[start + 1]
    requestID = UInt16(bytes[start + 2]) << 8 | UInt16(bytes[start + 3])
    contentByteCount = Int(bytes[start + 4]) << 8 | Int(bytes[start + 5])
    paddingByteCount = Int(bytes[start + 6])
  }

  /// Appends the header of a record without padding.
  static func append(
    _ type: RecordType, requestID: UInt16, contentByteCount: Int, to bytes: inout [UInt8]
  ) {
    precondition(contentByteCount <= contentByteCountMaximum)
    bytes.append(version)
    bytes.append(type.rawValue)
    bytes.append(UInt8(requestID >> 8))
    bytes.append(UInt8(requestID & 0xFF))
    bytes.append(UInt8(contentByteCount >> 8))
    bytes.append(UInt8(contentByteCount & 0xFF))
    bytes.append(0)
    bytes.append(0)
  }

  /// Appends an END_REQUEST record with its eight bytes of content.
  static func appendEnd(
    requestID: UInt16, protocolStatus: ProtocolStatus, to bytes: inout [UInt8]
  ) {
    append(.endRequest, requestID: requestID, contentByteCount: 8, to: &bytes)
    bytes.append(contentsOf: [0, 0, 0, 0, protocolStatus.rawValue, 0, 0, 0])
  }
}

/// How a request ended, as the web server is told (FastCGI specification 1.0, section 5.5).
enum ProtocolStatus: UInt8 {
  case complete = 0
  case cannotMultiplex = 1
  case overloaded = 2
  case unknownRole = 3
}
