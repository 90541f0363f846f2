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
  /// The `Retry-After` header, in seconds.
  var retryAfterSeconds: Int?

  private struct Body: Encodable {
    let type = "about:blank"
    let title: String
    let status: Int
    let code: ProblemCode
    let detail: String
    let field: String?
  }

  /// The answer that tells of the problem.
  var response: Response {
    let body = Body(
      title: Response.reasonPhrase(status), status: status, code: code, detail: detail, field: field
    )
    var headers = [
      (name: "Content-Type", value: "application/problem+json"),
      (name: "Cache-Control", value: "no-store"),
    ]
    if let allow { headers.append((name: "Allow", value: allow)) }
    if let retryAfterSeconds {
      headers.append((name: "Retry-After", value: "\(retryAfterSeconds)"))
    }
    return Response(status: status, headers: headers, body: JSON.encode(body))
  }
}
