import CCURL

/// Sends requests over HTTP and HTTPS with libcurl, which is loaded when the first client is made.
///
/// Belongs to one thread. Connections stay open between requests. Proxies come from the environment,
/// credentials from the address or `~/.netrc`, as with curl.
@safe public final class HTTPClient {
  let library: CurlLibrary
  /// The handle under which one transfer at a time runs.
  let multi: UnsafeMutableRawPointer
  /// A file of authorities to trust instead of the system's.
  let authorities: String?
  let userAgent: String

  /// Loads the library.
  ///
  /// - Parameters:
  ///   - authorities: a file with the certificates of the authorities that are trusted, in PEM; nil for the
  ///     system's.
  /// - Throws: `HTTPFailure.noLibrary`.
  public init(userAgent: String, authorities: String? = nil) throws(HTTPFailure) {
    library = try CurlLibrary()
    guard let multi = library.functions.multi_init() else {
      throw .noLibrary(reason: "it gives no handle")
    }
    unsafe self.multi = multi
    self.userAgent = userAgent
    self.authorities = authorities
  }

  deinit {
    _ = unsafe library.functions.multi_cleanup(multi)
  }

  /// Begins a request; one at a time.
  ///
  /// - Throws: `HTTPFailure.impossible` where a part of it cannot be sent.
  public func begin(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPExchange {
    try HTTPExchange(request, of: self)
  }
}
