import FoundationEssentials
import HTTPClient

/// What a site has refused a request with: problem details (RFC 9457) of weir, or a bare status of whatever
/// stands in front of it.
struct RemoteProblem: Error, CustomStringConvertible {
  private struct Details: Decodable {
    var code: String?
    var detail: String?
    var title: String?
  }

  let status: Int
  /// weir's name for what is wrong; nil where it was not weir that answered.
  let code: String?
  private let detail: String?
  private let body: [UInt8]

  /// Reads an answer.
  init(_ head: HTTPHead, body: [UInt8]) {
    status = head.status
    self.body = body
    let details = try? JSONDecoder().decode(Details.self, from: Data(body))
    code = details?.code
    detail = (details?.detail ?? details?.title)?.printable
  }

  /// Whether the same request may succeed later.
  var isPassing: Bool { [408, 425, 429, 502, 503, 504, 507].contains(status) }

  /// Whether it is the event that cannot be published, and another one may.
  var isAboutEvent: Bool { code != nil && [400, 409, 413, 422].contains(status) }

  /// What else its body says; nil where that is something else.
  func decode<Value: Decodable>(_ type: Value.Type) -> Value? {
    try? JSONDecoder().decode(type, from: Data(body))
  }

  /// What happened, and what to do.
  var description: String {
    if code != nil, let detail {
      return status == 401
        ? "\(detail); with --token-file, or the variable \(SiteToken.variable)" : detail
    }
    // Whoever else answers does not know of weir.
    let said = detail.map { " (\($0))" } ?? ""
    return "the site answers \(status)\(said)" + (advice.map { ": \($0)" } ?? "")
  }

  private var advice: String? {
    switch status {
    case 300..<400: "it leads elsewhere: name the address where weir is with --url"
    case 401, 403:
      "name a token that it takes with --token-file or the variable \(SiteToken.variable), or a password in ~/.netrc"
    case 404, 405: "no weir is at that address, check --url"
    case 407: "the proxy wants a password, as in https_proxy=http://name:password@host:port"
    case 413: "it takes less at once than that"
    case 429: "it is asked too often"
    case 502, 503, 504: "what is behind it does not answer now"
    case 400..<500: "is that a weir's? check --url"
    case 500...: "its log says why"
    default: nil
    }
  }

  /// The failure of a command that can do nothing about it.
  var failure: CommandFailure {
    let exitCode: Int32 =
      switch status {
      case _ where isPassing: 75
      case 401, 403: 77
      case 404 where code != nil: 66
      case 404, 405: 69
      case 409 where code == "group_in_use": 75
      case 400..<500: 64
      default: 69
      }
    return CommandFailure("\(self)", exitCode: exitCode)
  }
}
