import CFCGI
import Kernel

/// A request, parsed by libfcgi; valid for the time of the call that it is lent to.
///
/// Belongs to a front's thread.
@safe
public struct Request: ~Copyable {
  private let request: UnsafeMutablePointer<FCGX_Request>
  /// The whole body (STDIN).
  public let body: [UInt8]

  /// Has libfcgi read a whole request, which the gate has let through, from a file in memory.
  ///
  /// The file stands in for the connection: libfcgi reads to its end and never waits, and bytes of
  /// a next request that came along stay with the front. Nil where libfcgi refuses the request.
  init?(_ file: borrowing MemoryFile) throws(SystemCallError) {
    // libfcgi closes what it is given, after an error at once: it gets a descriptor of its own.
    let adopted = try file.descriptor.duplicate().surrender()
    let request = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
    unsafe weir_fcgx_adopt(request, adopted)
    guard unsafe FCGX_Accept_r(request) == 0 else {
      unsafe request.deallocate()
      return nil
    }
    unsafe self.request = request
    unsafe body = Self.readBody(request)
  }

  deinit {
    unsafe weir_fcgx_release(request)
    unsafe request.deallocate()
  }

  /// A CGI variable (RFC 3875, section 4.1), or nil where the web server has not sent it; bytes that
  /// are not UTF-8 become U+FFFD.
  public func parameter(_ name: String) -> String? {
    guard let value = unsafe FCGX_GetParam(name, request.pointee.envp) else { return nil }
    return unsafe String(cString: value)
  }

  /// The bytes of a CGI variable; empty where the web server has not sent it.
  public func bytes(of name: String) -> [UInt8] {
    guard let value = unsafe FCGX_GetParam(name, request.pointee.envp) else { return [] }
    var count = 0
    while unsafe value[count] != 0 { count += 1 }
    return unsafe value.withMemoryRebound(to: UInt8.self, capacity: count) {
      unsafe Array(UnsafeBufferPointer(start: $0, count: count))
    }
  }

  /// The header fields that the web server has sent: names as CGI variables without `HTTP_`, such as
  /// `ACCEPT`, and their bytes.
  public var headers: [(name: String, value: [UInt8])] {
    var headers: [(name: String, value: [UInt8])] = []
    guard var entry = unsafe request.pointee.envp else { return headers }
    while let start = unsafe entry.pointee {
      unsafe entry += 1
      var count = 0
      while unsafe start[count] != 0 { count += 1 }
      let variable = unsafe UnsafeRawBufferPointer(start: start, count: count)
      guard unsafe variable.starts(with: "HTTP_".utf8),
        let end = unsafe variable.firstIndex(of: UInt8(ascii: "="))
      else { continue }
      headers.append(
        (
          name: unsafe String(decoding: variable[5..<end], as: UTF8.self),
          value: unsafe Array(variable[(end + 1)...])
        ))
    }
    return headers
  }

  /// The request's method.
  public var method: String { parameter("REQUEST_METHOD") ?? "" }
  /// The path as the web server understands it, percent escapes decoded: SCRIPT_NAME and PATH_INFO.
  public var path: [UInt8] { bytes(of: "SCRIPT_NAME") + bytes(of: "PATH_INFO") }
  /// What stands behind the question mark.
  public var query: [UInt8] { bytes(of: "QUERY_STRING") }
  /// The request's id on its connection.
  public var requestID: UInt16 { UInt16(truncatingIfNeeded: unsafe request.pointee.requestId) }
  /// Whether the web server wants the connection kept.
  public var keepsConnection: Bool { unsafe weir_fcgx_keeps_connection(request) != 0 }

  private static func readBody(_ request: UnsafeMutablePointer<FCGX_Request>) -> [UInt8] {
    var body: [UInt8] = []
    let chunkByteCount = 8192
    while true {
      let start = body.count
      body.append(contentsOf: repeatElement(0, count: chunkByteCount))
      let count = unsafe body.withUnsafeMutableBytes { bytes in
        unsafe FCGX_GetStr(
          bytes.baseAddress?.assumingMemoryBound(to: CChar.self).advanced(by: start),
          CInt(chunkByteCount), request.pointee.in)
      }
      body.removeLast(chunkByteCount - Int(count))
      if count < chunkByteCount { return body }
    }
  }
}
