import FastCGI
import Figures

/// An error answer: `application/problem+json`, as RFC 9457 has it, with a stable code.
struct Problem: Error, Hashable, Sendable {
  let status: Int
  let code: ProblemCode
  /// What was wrong, and what to do.
  let detail: String
  /// The field of the request that was wrong.
  var field: String?
  /// The `Allow` header of a 405.
  var allow: String?
  /// The `Retry-After` header, in seconds; each 429, 503 and 507 has one.
  var retryAfterSeconds: Int?

  /// What a 401 or 403 says of tokens.
  var challenge: BearerChallenge?

  /// How long to wait where somebody has to do something first.
  private static let operatorPatienceSeconds = 10

  /// A problem of its parts.
  init(
    status: Int, code: ProblemCode, detail: String, field: String? = nil, allow: String? = nil,
    retryAfterSeconds: Int? = nil, challenge: BearerChallenge? = nil
  ) {
    self.status = status
    self.code = code
    self.detail = detail
    self.field = field
    self.allow = allow
    self.challenge = challenge
    self.retryAfterSeconds =
      retryAfterSeconds ?? ([429, 503, 507].contains(status) ? Self.operatorPatienceSeconds : nil)
  }

  private struct Body: Encodable {
    /// The address of the code's page, which nginx has (RFC 9457, section 3.1.1).
    let type: String
    let title: String
    let status: Int
    let code: ProblemCode
    let detail: String
    let field: String?
  }

  /// The answer that tells of the problem.
  var response: Response {
    let body = Body(
      type: "/problems/\(code.rawValue)", title: Response.reasonPhrase(status), status: status,
      code: code, detail: detail, field: field)
    var headers = [
      (name: "Content-Type", value: "application/problem+json"),
      (name: "Cache-Control", value: "no-store"),
    ]
    if let allow { headers.append((name: "Allow", value: allow)) }
    if let challenge { headers.append((name: "WWW-Authenticate", value: challenge.header)) }
    if let retryAfterSeconds {
      headers.append((name: "Retry-After", value: "\(retryAfterSeconds)"))
    }
    return Response(status: status, headers: headers, body: JSON.encode(body))
  }
}
