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
    detail = details?.detail ?? details?.title
  }

  /// Whether the same request may succeed later.
  var isPassing: Bool { [408, 425, 429, 502, 503, 504, 507].contains(status) }

  /// What else its body says; nil where that is something else.
  func decode<Value: Decodable>(_ type: Value.Type) -> Value? {
    try? JSONDecoder().decode(type, from: Data(body))
  }

  /// What happened, and what to do.
  var description: String {
    if let detail { return detail }
    return switch status {
    case 401, 403:
      "the site answers \(status): name a token that it takes, with --token or WEIR_TOKEN"
    case 404, 405: "the site answers \(status): no weir is at that address, check --url"
    default: "the site answers \(status)"
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
      case 400..<500: 64
      default: 69
      }
    return CommandFailure("\(self)", exitCode: exitCode)
  }
}
