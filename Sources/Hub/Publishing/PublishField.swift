import FileQueue

/// What a publisher can say of an event, by its name in JSON, in a form and in a query.
///
/// In the order in which what is wrong with them is told.
enum PublishField: String, CaseIterable {
  case at, data, delay, end, event, key, message, retry, topic, topics, ttl

  static let names = allCases.map(\.rawValue)

  /// The fields that a query or a header may name beside a body.
  static let besideBody = allCases.filter { $0 != .data && $0 != .message }

  /// The field of a header, by its name as a CGI variable without `HTTP_`.
  init?(header: String) {
    switch header {
    case "AT", "X_AT": self = .at
    case "DELAY", "X_DELAY": self = .delay
    case "END", "X_END": self = .end
    case "EVENT", "X_EVENT": self = .event
    case "IDEMPOTENCY_KEY", "X_IDEMPOTENCY_KEY": self = .key
    case "RETRY", "X_RETRY": self = .retry
    case "TOPIC", "X_TOPIC": self = .topic
    case "TOPICS", "X_TOPICS": self = .topics
    case "TTL", "X_TTL": self = .ttl
    default: return nil
    }
  }

  /// What it has to be in JSON.
  var rule: String {
    switch self {
    case .at: Delay.atRule
    case .data: "a value"
    case .delay: Delay.afterRule
    case .end: "true or false"
    case .event, .key, .message, .topic: "a string"
    case .retry: "a whole number of milliseconds"
    case .topics: "an array of strings"
    case .ttl: TimeToLive.rule
    }
  }
}
