import Figures
import FileQueue

extension EventTarget {
  /// Topics that a site tells of at once.
  private static let topicPageCount = 1000

  /// What is kept of topics, in the order of their names.
  ///
  /// - Parameters:
  ///   - filter: which ones; nil for all.
  ///   - countMaximum: how many at most; ``TopicListReport/next`` tells whether there are more.
  func topics(_ filter: TopicFilter?, countMaximum: Int) throws -> TopicListReport {
    if let hub = try hub() { return try Self.topics(of: hub, filter, countMaximum: countMaximum) }
    let queue = try openForReading()
    var listing = TopicListing(queue)
    let page = try listing.page(TopicQuery(filter: filter, countMaximum: countMaximum))
    return TopicListReport(page, epochs: queue.epochs)
  }

  private static func topics(
    of hub: RemoteHub, _ filter: TopicFilter?, countMaximum: Int
  ) throws -> TopicListReport {
    let prefix = filter.map(\.literalBeginning) ?? ""
    var topics: [TopicReport] = []
    var after: String?
    repeat {
      var query = [(name: "limit", value: "\(topicPageCount)")]
      if !prefix.isEmpty { query.append((name: "prefix", value: prefix)) }
      if let after { query.append((name: "after", value: after)) }
      let answer = try hub.ask("/topics", query: query)
      let page = try RemoteHub.decode(TopicListReport.self, answer)
      for report in page.topics {
        guard let topic = try? Topic(report.topic), filter?.matches(topic) != false else {
          continue
        }
        if topics.count == countMaximum {
          return TopicListReport(topics, next: topics.last?.topic)
        }
        topics.append(report)
      }
      after = page.next
    } while after != nil
    return TopicListReport(topics, next: nil)
  }

  /// Hides all events of a topic; returns the id of the last one.
  func delete(_ topic: Topic) throws -> String {
    if let hub = try hub() {
      let answer = try hub.ask(
        "/topics", method: "DELETE", query: [(name: "topic", value: topic.text)])
      return try RemoteHub.decode(TopicDeletion.self, answer).hidden_through
    }
    let queue = try open()
    var appender = try Appender(queue)
    return "\(queue.epochs.id(of: try appender.delete([topic]) - 1))"
  }
}

/// What a site answers to the deletion of a topic.
private struct TopicDeletion: Decodable {
  let hidden_through: String
}

extension TopicFilter {
  /// How all topics begin that it takes, as far as a single topic or pattern tells.
  fileprivate var literalBeginning: String {
    guard texts.count == 1, let text = texts.first else { return "" }
    if patterns.isEmpty { return text }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    return parts.prefix { $0 != "*" && $0 != ">" }.map { $0 + "." }.joined()
  }
}
