/// An answer to a request: what CGI has as status, headers and body (RFC 3875, section 6).
public struct Response: Sendable {
  /// The HTTP status code.
  public let status: Int
  /// Header fields in their order.
  public let headers: [(name: String, value: String)]
  /// The body, whole.
  public let body: [UInt8]

  /// An answer of its parts.
  ///
  /// - Parameter headers: control characters in a value are left out, so that no value can begin a
  ///   header of its own.
  public init(status: Int, headers: [(name: String, value: String)], body: [UInt8]) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// The same with more header fields behind its own.
  public func adding(_ more: [(name: String, value: String)]) -> Response {
    more.isEmpty ? self : Response(status: status, headers: headers + more, body: body)
  }

  /// Head, blank line and body, as they go into STDOUT records.
  public var rendered: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(body.count + 256)
    bytes += "Status: ".utf8
    bytes += "\(status)".utf8
    bytes.append(UInt8(ascii: " "))
    bytes += Self.reasonPhrase(status).utf8
    bytes += "\r\n".utf8
    for header in headers { Self.append(header.name, header.value, to: &bytes) }
    if status != 204, !body.isEmpty {
      Self.append("Content-Length", "\(body.count)", to: &bytes)
    }
    bytes += "\r\n".utf8
    bytes += body
    return bytes
  }

  private static func append(_ name: String, _ value: String, to bytes: inout [UInt8]) {
    bytes += name.utf8
    bytes += ": ".utf8
    let start = bytes.count
    bytes += value.utf8
    if (start..<bytes.count).contains(where: { isControl(bytes[$0]) }) {
      bytes[start...].removeAll(where: isControl)
    }
    bytes += "\r\n".utf8
  }

  private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7F }

  /// The words behind a status code (RFC 9110, section 15); empty for one that has none here.
  public static func reasonPhrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 202: "Accepted"
    case 204: "No Content"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    case 507: "Insufficient Storage"
    default: ""
    }
  }
}
