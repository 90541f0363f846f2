import CCURL

/// libcurl's functions, loaded once.
struct CurlLibrary {
  let functions: weir_curl

  /// - Throws: `HTTPFailure.noLibrary`.
  init() throws(HTTPFailure) {
    var functions = weir_curl()
    if let reason = unsafe weir_curl_load(&functions) {
      throw .noLibrary(reason: unsafe String(cString: reason))
    }
    // CURL_GLOBAL_ALL
    guard functions.global_init(3) == CURLE_OK else {
      throw .noLibrary(reason: "it does not start")
    }
    self.functions = functions
  }

  /// libcurl's words for a code.
  func text(of code: CURLcode) -> String {
    guard let text = functions.strerror(code) else { return "error \(code.rawValue)" }
    return unsafe String(cString: text)
  }
}
