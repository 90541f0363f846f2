import CFCGI
import Kernel

/// A request, parsed by libfcgi; valid for the time of the call that it is lent to.
///
/// Belongs to a front's thread.
@safe
public struct Request: ~Copyable {
  private let request: UnsafeMutablePointer<FCGX_Request>
  /// The request's method.
  public let method: String
  /// The path as the web server understands it, percent escapes decoded: SCRIPT_NAME and PATH_INFO.
  public let path: [UInt8]
  /// What stands behind the question mark.
  public let query: [UInt8]
  /// The whole body (STDIN).
  public let body: [UInt8]

  /// Has libfcgi read a whole request, which the gate has let through, from a file in memory.
  ///
  /// The file stands in for the connection: libfcgi reads to its end and never waits, and bytes of
  /// a next request that came along stay with the front. Nil where libfcgi refuses the request.
  ///
  /// - Parameters:
  ///   - file: it is read until the request is let go.
  ///   - byteCount: the bytes of the whole request.
  init?(_ file: inout RequestFile, byteCount: Int) throws(SystemCallError) {
    let adopted = try file.lend()
    let request = UnsafeMutablePointer<FCGX_Request>.allocate(capacity: 1)
    unsafe weir_fcgx_adopt(request, adopted)
    guard unsafe FCGX_Accept_r(request) == 0 else {
      file.forgetLent()
      unsafe request.deallocate()
      return nil
    }
    unsafe self.request = request
    unsafe method = Self.parameter("REQUEST_METHOD", of: request) ?? ""
    unsafe path =
      Self.bytes(of: "SCRIPT_NAME", of: request) + Self.bytes(of: "PATH_INFO", of: request)
    unsafe query = Self.bytes(of: "QUERY_STRING", of: request)
    unsafe body = Self.readBody(request, byteCountMaximum: byteCount)
  }

  deinit {
    unsafe weir_fcgx_release(request)
    unsafe request.deallocate()
  }

  /// A CGI variable (RFC 3875, section 4.1), or nil where the web server has not sent it; bytes that
  /// are not UTF-8 become U+FFFD.
  public func parameter(_ name: StaticString) -> String? {
    unsafe Self.parameter(name, of: request)
  }

  private static func parameter(
    _ name: StaticString, of request: UnsafeMutablePointer<FCGX_Request>
  ) -> String? {
    unsafe value(of: name, of: request).map { unsafe String(cString: $0) }
  }

  /// The bytes of a CGI variable; empty where the web server has not sent it.
  public func bytes(of name: StaticString) -> [UInt8] {
    unsafe Self.bytes(of: name, of: request)
  }

  /// libfcgi looks through all variables each time.
  private static func value(
    of name: StaticString, of request: UnsafeMutablePointer<FCGX_Request>
  ) -> UnsafeMutablePointer<CChar>? {
    unsafe FCGX_GetParam(
      UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self), request.pointee.envp)
  }

  private static func bytes(
    of name: StaticString, of request: UnsafeMutablePointer<FCGX_Request>
  ) -> [UInt8] {
    guard let value = unsafe value(of: name, of: request) else { return [] }
    var count = 0
    while unsafe value[count] != 0 { count += 1 }
    return unsafe value.withMemoryRebound(to: UInt8.self, capacity: count) {
      unsafe Array(UnsafeBufferPointer(start: $0, count: count))
    }
  }

  private static let headerPrefix = Array("HTTP_".utf8)

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
      guard unsafe variable.starts(with: Self.headerPrefix),
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

  /// The request's id on its connection.
  public var requestID: UInt16 { UInt16(truncatingIfNeeded: unsafe request.pointee.requestId) }
  /// Whether the web server wants the connection kept.
  public var keepsConnection: Bool { unsafe weir_fcgx_keeps_connection(request) != 0 }

  private static func readBody(
    _ request: UnsafeMutablePointer<FCGX_Request>, byteCountMaximum: Int
  ) -> [UInt8] {
    unsafe Array(unsafeUninitializedCapacity: byteCountMaximum) { bytes, count in
      count = unsafe bytes.withMemoryRebound(to: CChar.self) { bytes in
        unsafe Int(FCGX_GetStr(bytes.baseAddress, CInt(bytes.count), request.pointee.in))
      }
    }
  }
}
