import CCURL
public import Kernel

/// A request on its way, and its answer as it comes; belongs to one thread, and ends with this object.
@safe public final class HTTPExchange {
  /// What has happened.
  public enum Step {
    /// The head of the answer is there.
    case head(HTTPHead)
    /// Bytes of its body.
    case body([UInt8])
    /// It is whole.
    case end
    /// Nothing, for the time that was to be waited.
    case nothing
    /// Nobody reads any more what this is to be written to.
    case hungUp
  }

  private let client: HTTPClient
  private let easy: UnsafeMutableRawPointer
  private let reason: UnsafeMutablePointer<CChar>
  private var list: UnsafeMutablePointer<curl_slist>?
  private let answer = Answer()
  private let silenceMaximum: Duration
  private var isHeadTold = false
  private var isOver = false
  private var sentByteCount = 0
  private var movedAt = Clock.monotonicNanoseconds()

  init(_ request: HTTPRequest, of client: HTTPClient) throws(HTTPFailure) {
    guard let easy = client.library.functions.easy_init() else {
      throw .noLibrary(reason: "it gives no handle")
    }
    self.client = client
    unsafe self.easy = easy
    unsafe reason = .allocate(capacity: Int(CURL_ERROR_SIZE))
    unsafe reason.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    silenceMaximum = request.silenceMaximum
    try configure(request)
    unsafe check(client.library.functions.multi_add(client.multi, easy).rawValue == 0)
  }

  deinit {
    let functions = client.library.functions
    _ = unsafe functions.multi_remove(client.multi, easy)
    unsafe functions.easy_cleanup(easy)
    unsafe functions.slist_free_all(list)
    unsafe reason.deallocate()
  }

  private func check(_ isRight: Bool) {
    precondition(isRight, "libcurl refuses how it is used")
  }

  private func configure(_ request: HTTPRequest) throws(HTTPFailure) {
    for text in [request.address] + request.headers.flatMap({ [$0.name, $0.value] }) {
      guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
        throw .malformed(
          reason:
            "a control character stands in the address, the token, the key or an id: leave it out")
      }
    }
    let curl = client.library.functions
    func set(_ option: CURLoption, _ value: Int) {
      check(
        unsafe withUnsafePointer(to: curl) { unsafe weir_curl_set_number($0, easy, option, value) }
          == CURLE_OK)
    }
    func set(_ option: CURLoption, _ value: String) throws(HTTPFailure) {
      let code = unsafe withUnsafePointer(to: curl) {
        unsafe weir_curl_set_text($0, easy, option, value)
      }
      guard code != CURLE_UNKNOWN_OPTION else {
        throw .noLibrary(reason: "it is older than version 7.85")
      }
      check(code == CURLE_OK)
    }
    try set(CURLOPT_URL, request.address)
    // Nothing else than these; what is to be secret stays so where the site sends the request elsewhere.
    try set(CURLOPT_PROTOCOLS_STR, "http,https")
    let isSecret = request.address.utf8.starts(with: "https:".utf8)
    try set(CURLOPT_REDIR_PROTOCOLS_STR, isSecret ? "https" : "http,https")
    set(CURLOPT_FOLLOWLOCATION, 1)
    set(CURLOPT_MAXREDIRS, HTTPLimits.redirectCountMaximum)
    set(CURLOPT_POSTREDIR, 7)
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_NETRC, request.takesPassword ? 1 : 0)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
    set(CURLOPT_CONNECTTIMEOUT_MS, HTTPLimits.connectPatienceMilliseconds)
    try set(CURLOPT_USERAGENT, client.userAgent)
    if let authorities = client.authorities { try set(CURLOPT_CAINFO, authorities) }
    if let method = request.method { try set(CURLOPT_CUSTOMREQUEST, method) }
    var headers = request.headers.map { "\($0.name): \($0.value)" }
    if let body = request.body {
      // Who sends that and waits for an answer that a server does not give waits for a second.
      headers.append("Expect:")
      set(CURLOPT_POST, 1)
      let code = unsafe body.withUnsafeBytes { (bytes) in
        unsafe withUnsafePointer(to: curl) {
          unsafe weir_curl_set_body($0, easy, bytes.baseAddress, bytes.count)
        }
      }
      check(code == CURLE_OK)
    }
    for header in headers {
      guard let longer = unsafe curl.slist_append(list, header) else {
        throw .impossible(reason: "there is no memory for the request")
      }
      unsafe list = longer
    }
    unsafe withUnsafePointer(to: curl) { curl in
      unsafe check(weir_curl_set_pointer(curl, easy, CURLOPT_HTTPHEADER, list) == CURLE_OK)
      unsafe check(weir_curl_set_pointer(curl, easy, CURLOPT_ERRORBUFFER, reason) == CURLE_OK)
      let context = unsafe Unmanaged.passUnretained(answer).toOpaque()
      let code = unsafe weir_curl_set_receivers(
        curl, easy, { unsafe Answer.receive($0, $1 * $2, $3) { $0.readHead($1) } },
        { unsafe Answer.receive($0, $1 * $2, $3) { $0.body += $1 } }, context)
      check(code == CURLE_OK)
    }
  }

  /// Waits for what comes next.
  ///
  /// - Parameters:
  ///   - timeout: ``Step/nothing`` is returned after it.
  ///   - stream: ``Step/hungUp`` is returned when nobody reads from it any more.
  /// - Throws: `HTTPFailure`, `SystemCallError`.
  public func next(
    timeout: Duration, orHangUpOf stream: StandardStream? = nil
  ) throws -> Step {
    let deadline = Clock.monotonicNanoseconds() + timeout.wholeNanoseconds
    while true {
      if !isHeadTold, let head = answer.head {
        isHeadTold = true
        return .head(head)
      }
      if !answer.body.isEmpty {
        defer { answer.body = [] }
        return .body(answer.body)
      }
      if isOver { return .end }
      try perform()
      if isOver || !answer.body.isEmpty || (!isHeadTold && answer.head != nil) { continue }
      let left = Duration(nanoseconds: deadline - Clock.monotonicNanoseconds())
      if left <= .zero { return .nothing }
      try wait(min(left, .seconds(1)), orHangUpOf: stream)
      if let stream, try stream.waitForHangUp(timeout: .zero) { return .hungUp }
    }
  }

  /// How long the answer asks to wait before the next try (`Retry-After`, as a number or as a date); once
  /// its head is there.
  public var retryAfter: Duration? {
    let curl = client.library.functions
    let seconds = unsafe withUnsafePointer(to: curl) { unsafe weir_curl_retry_after($0, easy) }
    return seconds > 0 ? .seconds(min(seconds, HTTPLimits.retryAfterSecondsMaximum)) : nil
  }

  /// The address from which the connection was made, as numbers; nil before there is one.
  public var localAddress: String? { information(CURLINFO_LOCAL_IP) }

  /// The address to which the connection was made, as numbers; nil before there is one.
  public var remoteAddress: String? { information(CURLINFO_PRIMARY_IP) }

  private func information(_ about: CURLINFO) -> String? {
    let text = unsafe withUnsafePointer(to: client.library.functions) {
      unsafe weir_curl_text($0, easy, about)
    }
    guard let text = unsafe text else { return nil }
    let string = unsafe String(cString: text)
    return string.isEmpty ? nil : string
  }

  private func perform() throws(HTTPFailure) {
    let curl = client.library.functions
    let before = answer.byteCount
    var runningCount: CInt = 0
    unsafe check(curl.multi_perform(client.multi, &runningCount).rawValue == 0)
    var result = CURLE_OK
    let hasEnded = unsafe withUnsafePointer(to: curl) {
      unsafe weir_curl_has_ended($0, client.multi, &result)
    }
    let sent = unsafe withUnsafePointer(to: curl) { unsafe weir_curl_sent($0, easy) }
    let now = Clock.monotonicNanoseconds()
    if answer.byteCount != before || sent != sentByteCount { movedAt = now }
    sentByteCount = sent
    if hasEnded {
      // What has come before is handed on, and the failure told after it.
      isOver = result == CURLE_OK
      if result != CURLE_OK { failure = failure(of: result) }
    } else if now - movedAt > silenceMaximum.wholeNanoseconds {
      failure = .silent(seconds: Int(silenceMaximum.components.seconds))
    }
    if let failure, answer.body.isEmpty { throw failure }
  }

  private var failure: HTTPFailure?

  private func wait(_ duration: Duration, orHangUpOf stream: StandardStream?) throws(HTTPFailure) {
    let milliseconds = CInt(clamping: duration.wholeMilliseconds)
    let curl = client.library.functions
    let code = unsafe withUnsafePointer(to: curl) {
      unsafe weir_curl_wait($0, client.multi, stream?.rawValue ?? -1, milliseconds)
    }
    check(code.rawValue == 0)
  }

  private func failure(of code: CURLcode) -> HTTPFailure {
    let told = unsafe String(cString: reason)
    let text = (told.isEmpty ? client.library.text(of: code) : told) + Self.advice(for: code)
    return switch code {
    case CURLE_URL_MALFORMAT: .malformed(reason: text)
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
      CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR,
      CURLE_PARTIAL_FILE, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_SSL_CONNECT_ERROR:
      .broken(reason: text)
    default: .impossible(reason: text)
    }
  }

  /// What to do about a failure whose name does not tell.
  private static func advice(for code: CURLcode) -> String {
    switch code {
    case CURLE_URL_MALFORMAT: ": check the address"
    case CURLE_SSL_CONNECT_ERROR: " (does the site speak https at that port?)"
    case CURLE_PEER_FAILED_VERIFICATION:
      ": name a file with the certificate of its authority in CURL_CA_BUNDLE, if it is to be trusted"
    case CURLE_SSL_CACERT_BADFILE: ": CURL_CA_BUNDLE is to name a file of certificates in PEM"
    case CURLE_TOO_MANY_REDIRECTS: ": name the address that they lead to"
    case CURLE_UNSUPPORTED_PROTOCOL: ": the site leads from https to something that is not"
    default: ""
    }
  }
}
