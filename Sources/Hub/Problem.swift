import FastCGI
import FoundationEssentials

/// An error answer: `application/problem+json`, as RFC 9457 has it, with a stable code.
struct Problem: Error, Hashable, Sendable {
  /// What programs can tell errors apart by; never changes its meaning.
  enum Code: String, CaseIterable, Encodable, Sendable {
    case malformedJSON = "malformed_json"
    case missingMessage = "missing_message"
    case unknownField = "unknown_field"
    case wrongType = "wrong_type"
    case invalidUTF8 = "invalid_utf8"
    case invalidEvent = "invalid_event"
    case invalidTopic = "invalid_topic"
    case invalidRetry = "invalid_retry"
    case invalidTTL = "invalid_ttl"
    case invalidParameter = "invalid_parameter"
    case tooManyTopics = "too_many_topics"
    case bodyTooLarge = "body_too_large"
    case eventTooLarge = "event_too_large"
    case tooManyStreams = "too_many_streams"
    case unsupportedMediaType = "unsupported_media_type"
    case methodNotAllowed = "method_not_allowed"
    case notFound = "not_found"
    case queueFull = "queue_full"
    case queueReadOnly = "queue_read_only"
    case queueBusy = "queue_busy"
    case stopping = "stopping"
    case queueError = "queue_error"
  }

  let status: Int
  let code: Code
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
    let code: Code
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

/// JSON as the hub writes it: keys sorted, slashes as they are, a newline at the end for terminals.
enum JSON {
  static func encode(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else {
      preconditionFailure("texts and numbers can be encoded")
    }
    return Array(data) + [UInt8(ascii: "\n")]
  }
}
