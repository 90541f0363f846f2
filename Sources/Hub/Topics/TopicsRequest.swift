import FileQueue
import Kernel

/// What is asked about topics, or which one is to be deleted.
struct TopicsRequest {
  /// The topic that is named; nil for all.
  let topic: Topic?
  /// Which are told where none is named.
  let query: TopicQuery

  private static let names = ["topic", "prefix", "after", "limit"]

  /// Reads a `GET` or `DELETE /topics`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/topics/`, if anything does.
  ///   - pairs: the query.
  init(pathTopic: String?, pairs: [(name: String, value: String)]) throws(Problem) {
    try QueryNames.check(
      pairs, among: Self.names, rule: "the parameters are \(Self.names.joined(separator: ", "))")
    var named = pathTopic.map { [$0] } ?? []
    var values = (prefix: "", after: "", limit: "")
    for pair in QueryNames.own(pairs) {
      switch pair.name {
      case "topic": named.append(pair.value)
      case "prefix": values.prefix = pair.value
      case "after": values.after = pair.value
      default: values.limit = pair.value
      }
    }
    topic = try Self.topic(named)
    query = TopicQuery(
      prefix: values.prefix, after: values.after, countMaximum: try Self.limit(values.limit))
  }

  /// The one that all places name; nil where none does.
  private static func topic(_ named: [String]) throws(Problem) -> Topic? {
    guard let first = named.first else { return nil }
    if let other = named.first(where: { !$0.hasSameBytes(as: first) }) {
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "two topics are named, '\(first.excerpt())' and '\(other.excerpt())': name one",
        field: "topic")
    }
    do {
      return try Topic(first)
    } catch {
      throw Problem(status: 400, code: .invalidTopic, detail: "\(error)", field: "topic")
    }
  }

  private static func limit(_ text: String) throws(Problem) -> Int {
    if text.isEmpty { return HubLimits.topicsPerPageCount }
    let range = 1...HubLimits.topicsPerPageCountMaximum
    guard let limit = Int(text), range.contains(limit) else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail:
          "limit is '\(text.excerpt())'; it is a number from 1 to \(range.upperBound): go on behind "
          + "the last topic with after=…", field: "limit")
    }
    return limit
  }
}
