import EventStream
import FastCGI
import FileQueue
import FoundationEssentials
import JSONText

/// What a publisher asks for: one event under one topic, checked.
struct PublishRequest {
  let event: PendingEvent
  let topic: Topic

  private static let fields = ["message", "event", "topic", "retry", "ttl"]

  /// Reads a `PUT` or `POST /publish`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/publish/`, if anything does.
  ///   - pairs: the query.
  init(
    contentType: String?, contentEncoding: String? = nil, pathTopic: String?,
    pairs: [(name: String, value: String)] = [], body: [UInt8]
  ) throws(Problem) {
    let queryTopics = try PublishTopic.named(inQuery: pairs)
    try Self.checkEncoding(contentEncoding)
    try Self.checkMediaType(contentType)
    let content =
      if let message = PlainMessage.text(of: body) {
        Content(message: message)
      } else {
        try Self.decode(body)
      }
    topic = try PublishTopic.agreed(
      (pathTopic.map { [(place: "the path", text: $0)] } ?? []) + queryTopics
        + (content.topic.map { [(place: "the body", text: $0)] } ?? []))
    do {
      event = try PendingEvent(
        try Self.event(content), topic: topic, expiresAt: content.ttl?.expiresAt)
    } catch let problem as Problem {
      throw problem
    } catch let error as QueueError {
      throw Problem(error)
    } catch {
      throw Problem(status: 400, code: .malformedJSON, detail: "\(error)")
    }
  }

  private static func checkEncoding(_ encoding: String?) throws(Problem) {
    guard let encoding, !encoding.isEmpty, !FieldValue(encoding).isIdentity else { return }
    throw Problem(
      status: 415, code: .unsupportedMediaType,
      detail:
        "Content-Encoding is '\(encoding.excerpt())': send the body as it is, without encoding",
      field: "Content-Encoding")
  }

  private static func checkMediaType(_ contentType: String?) throws(Problem) {
    let type = FieldValue(contentType ?? "")
    guard type.isJSON else {
      let given =
        type.text.isEmpty
        ? "the request has no Content-Type" : "Content-Type is '\(type.text.excerpt())'"
      throw Problem(
        status: 415, code: .unsupportedMediaType,
        detail: "\(given): send {\"message\": \"…\"} with Content-Type: application/json",
        field: "Content-Type")
    }
  }

  private static func event(_ content: Content) throws(Problem) -> Event {
    var type: EventType?
    if let text = content.event {
      do { type = try EventType(text) } catch {
        throw Problem(status: 400, code: .invalidEvent, detail: "\(error)", field: "event")
      }
    }
    return Event(type: type, data: content.message, retryMilliseconds: content.retry)
  }

  /// A time to live is a text such as `10m`, or a number of seconds.
  private static func timeToLive(
    text: () throws -> String, number: () throws -> Int
  ) throws(Problem) -> TimeToLive {
    let written = (try? text()) ?? (try? number()).map { "\($0)" }
    guard let written else { throw wrongType(field: "ttl") }
    guard let ttl = TimeToLive(text: written) else {
      throw Problem(
        status: 400, code: .invalidTTL,
        detail: "ttl is '\(written.excerpt())'; it is \(TimeToLive.rule)", field: "ttl")
    }
    return ttl
  }

  // MARK: - JSON

  private struct Content: Decodable {
    var message = ""
    var event: String?
    var topic: String?
    var retry: Int?
    var ttl: TimeToLive?

    private struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init?(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(message: String) {
      self.message = message
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      var hasMessage = false
      // The keys come in another order each time; what is complained about should not.
      let keys = container.allKeys.sorted { $0.stringValue < $1.stringValue }
      if let key = keys.first(where: { !PublishRequest.fields.contains($0.stringValue) }) {
        let name = key.stringValue.excerpt()
        let fields = PublishRequest.fields
        let advice =
          NearestName.find(key.stringValue, among: fields).map { "did you mean '\($0)'?" }
          ?? "the fields are \(fields.joined(separator: ", "))"
        throw Problem(
          status: 400, code: .unknownField, detail: "there is no field '\(name)': \(advice)",
          field: name)
      }
      for key in keys {
        switch key.stringValue {
        case "message":
          message = try container.decode(String.self, forKey: key)
          hasMessage = true
        case "event": event = try container.decode(String.self, forKey: key)
        case "topic": topic = try container.decode(String.self, forKey: key)
        case "ttl":
          ttl = try PublishRequest.timeToLive {
            try container.decode(String.self, forKey: key)
          } number: {
            try container.decode(Int.self, forKey: key)
          }
        default:
          do { retry = try container.decode(Int.self, forKey: key) } catch {
            throw PublishRequest.wrongType(field: "retry")
          }
        }
      }
      guard hasMessage else {
        throw Problem(
          status: 400, code: .missingMessage,
          detail: "the field 'message' is missing: send {\"message\": \"…\"}", field: "message")
      }
    }
  }

  private static func decode(_ body: [UInt8]) throws(Problem) -> Content {
    do { try JSONText.check(body) } catch { throw Problem(error) }
    do {
      return try JSONDecoder().decode(Content.self, from: Data(body))
    } catch let problem as Problem {
      throw problem
    } catch let error as DecodingError {
      throw problem(of: error)
    } catch {
      throw Problem(status: 400, code: .malformedJSON, detail: malformed)
    }
  }

  private static let malformed = "the body is not JSON: send {\"message\": \"…\"}"

  private static func problem(of error: DecodingError) -> Problem {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      wrongType(context)
    default:
      Problem(status: 400, code: .malformedJSON, detail: malformed)
    }
  }

  private static func wrongType(_ context: DecodingError.Context) -> Problem {
    guard let field = context.codingPath.first?.stringValue else {
      return Problem(
        status: 400, code: .wrongType,
        detail: "the body is no JSON object: send {\"message\": \"…\"}")
    }
    return wrongType(field: field)
  }

  private static func wrongType(field: String) -> Problem {
    let type =
      switch field {
      case "retry": "a whole number of milliseconds"
      case "ttl": TimeToLive.rule
      default: "a string"
      }
    return Problem(
      status: 400, code: .wrongType, detail: "the field '\(field)' has to be \(type)",
      field: field)
  }
}
