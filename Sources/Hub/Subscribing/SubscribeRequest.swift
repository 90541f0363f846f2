import FileQueue
import Streaming

/// What a subscriber asks for: which topics, and where to begin.
struct SubscribeRequest: Sendable {
  let filter: TopicFilter
  /// The last event id that the subscriber has seen, as it was sent; nil begins with what comes.
  let lastEventID: String?

  private static let topicNames = ["topic", "stream"]
  /// Names under which clients that cannot set the header send the last event id.
  private static let resumeNames = [
    "last_event_id", "lastEventID", "lastEventId", "Last-Event-ID",
  ]

  /// Reads a `GET /sse`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/sse/`, if anything does.
  ///   - header: `Last-Event-ID`, which wins over the query.
  ///   - demoNames: parameters that the demo takes, where it is on.
  init(
    pathTopic: String?, pairs: [(name: String, value: String)], header: String?,
    demoNames: [String] = []
  ) throws(Problem) {
    let names = Self.topicNames + Self.resumeNames + demoNames
    try QueryNames.check(
      pairs, among: names,
      rule: "a stream takes topic, stream and last_event_id\(demoNames.map { ", \($0)" }.joined())")
    var topics = pathTopic.map { [$0] } ?? []
    topics += pairs.filter { Self.topicNames.contains($0.name) }.map(\.value)
    guard topics.count <= HubLimits.topicsPerStreamCountMaximum else {
      throw Problem(
        status: 400, code: .tooManyTopics,
        detail: "\(topics.count) topics; a stream takes at most "
          + "\(HubLimits.topicsPerStreamCountMaximum): use patterns or more streams",
        field: "topic")
    }
    do {
      filter = try TopicFilter(topics)
    } catch {
      throw Problem(status: 400, code: .invalidTopic, detail: "\(error)", field: "topic")
    }
    let query = pairs.last { Self.resumeNames.contains($0.name) && !$0.value.isEmpty }?.value
    lastEventID = header.flatMap { $0.isEmpty ? nil : $0 } ?? query
  }

  /// Where it begins.
  var start: StreamStart {
    guard let lastEventID else { return .next }
    if let id = EventID(lastEventID) { return .after(id) }
    return TimeCursor(lastEventID).map(StreamStart.since) ?? .unknown(lastEventID.excerpt())
  }
}
