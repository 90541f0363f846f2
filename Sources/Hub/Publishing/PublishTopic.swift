import FileQueue
import Kernel

/// The one topic that a publisher names: in the path, in the query, or in the body.
enum PublishTopic {
  /// Names under which the query has it; the same as a stream's.
  private static let queryNames = ["topic", "stream"]

  /// What the query names, place by place; a name that means nothing here is a problem.
  static func named(
    inQuery pairs: [(name: String, value: String)]
  ) throws(Problem) -> [(place: String, text: String)] {
    try QueryNames.check(
      pairs, among: queryNames,
      rule: "the query may name the topic, and all else stands in the body")
    return QueryNames.own(pairs).map { (place: "the query", text: $0.value) }
  }

  /// The topic that all places agree on; the default one where none is named.
  static func agreed(_ named: [(place: String, text: String)]) throws(Problem) -> Topic {
    guard let first = named.first else { return .default }
    if let other = named.first(where: { !$0.text.hasSameBytes(as: first.text) }) {
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "\(first.place) names topic '\(first.text.excerpt())' and \(other.place) "
          + "'\(other.text.excerpt())': name one", field: "topic")
    }
    do {
      return try Topic(first.text)
    } catch {
      throw Problem(status: 400, code: .invalidTopic, detail: "\(error)", field: "topic")
    }
  }
}
