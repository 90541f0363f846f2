import EventStream
import FileQueue
import Kernel
import Streaming

/// What a subscriber asks for: which topics and events, and where to begin.
struct SubscribeRequest: Sendable {
  let wanted: StreamRequest
  /// The last event id that the subscriber has seen, as it was sent; nil where it has none.
  let lastEventID: String?

  /// Each names one topic.
  private static let topicNames = ["topic", "stream"]
  /// Names under which clients that cannot set the header send the last event id.
  private static let resumeNames = [
    "last_event_id", "lastEventID", "lastEventId", "Last-Event-ID",
  ]
  private static let furtherNames = StreamBeginning.names + StreamEnding.names + ["signals"]
  private static let ownNames = topicNames + ["topics", "event"] + resumeNames + furtherNames

  /// Reads a `GET /sse`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/sse/`, if anything does.
  ///   - header: `Last-Event-ID`, which wins over the query: an EventSource comes back with it to the same
  ///     address.
  ///   - demoNames: parameters that others take: groups, and the demo where it is on.
  init(
    pathTopic: String?, pairs: [(name: String, value: String)], header: String?,
    demoNames: [String] = []
  ) throws(Problem) {
    try QueryNames.check(
      pairs, among: Self.ownNames + demoNames,
      rule: "a stream takes topic, topics, stream, event, last_event_id, "
        + (Self.furtherNames + demoNames).joined(separator: ", "))
    let query = pairs.last { Self.resumeNames.contains($0.name) && !$0.value.isEmpty }?.value
    lastEventID = header.flatMap { $0.isEmpty ? nil : $0 } ?? query
    let isPoll = try StreamEnding(pairs).isPoll
    let filter = try Self.filter(pathTopic, pairs)
    let beginning = try StreamBeginning(pairs, filter).start
    wanted = StreamRequest(
      filter, names: try Self.names(pairs),
      // Who asks for nothing but what is there asks for all of it.
      from: lastEventID.map(Self.start) ?? beginning ?? (isPoll ? .oldest : .next),
      isPoll: isPoll, signals: try Self.signals(pairs))
  }

  private static func filter(
    _ pathTopic: String?, _ pairs: [(name: String, value: String)]
  ) throws(Problem) -> TopicFilter {
    var topics = pathTopic.map { [$0] } ?? []
    for pair in pairs {
      if topicNames.contains(pair.name) { topics.append(pair.value) }
      if pair.name.hasSameBytes(as: "topics") { topics += list(pair.value) }
    }
    guard topics.count <= HubLimits.topicsPerStreamCountMaximum else {
      throw Problem(
        status: 400, code: .tooManyTopics,
        detail: "\(topics.count) topics; a stream takes at most "
          + "\(HubLimits.topicsPerStreamCountMaximum): use patterns or more streams",
        field: "topic")
    }
    do { return try TopicFilter(topics) } catch {
      throw Problem(status: 400, code: .invalidTopic, detail: "\(error)", field: "topic")
    }
  }

  private static func names(
    _ pairs: [(name: String, value: String)]
  ) throws(Problem) -> EventNames? {
    let names = pairs.filter { $0.name.hasSameBytes(as: "event") }.flatMap { list($0.value) }
    if names.isEmpty { return nil }
    let limit = HubLimits.eventNamesPerStreamCountMaximum
    guard names.count <= limit else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail:
          "event has \(names.count) names; the limit is \(limit): name fewer, or none for all events",
        field: "event")
    }
    for name in names {
      do { _ = try EventType(name) } catch .reservedType {
        // Weir's own are sent to all: who wants nothing else may say so.
      } catch {
        throw Problem(
          status: 400, code: .invalidParameter,
          detail: "\(error); 'message' stands for events without a name", field: "event")
      }
    }
    return EventNames(names)
  }

  private static func signals(
    _ pairs: [(name: String, value: String)]
  ) throws(Problem) -> Set<StreamSignal> {
    var signals: Set<StreamSignal> = []
    let names = StreamSignal.allCases.map(\.rawValue)
    for text in pairs.filter({ $0.name.hasSameBytes(as: "signals") }).flatMap({ list($0.value) }) {
      guard let signal = StreamSignal.allCases.first(where: { $0.rawValue.hasSameBytes(as: text) })
      else {
        let advice =
          NearestName.find(text, among: names).map { "did you mean '\($0)'?" }
          ?? "there are \(names.joined(separator: " and "))"
        throw Problem(
          status: 400, code: .invalidParameter,
          detail: "there is no signal '\(text.excerpt())': \(advice)", field: "signals")
      }
      signals.insert(signal)
    }
    return signals
  }

  /// What stands between commas.
  private static func list(_ text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
  }

  /// Where one goes on who has seen events.
  private static func start(behind lastEventID: String) -> StreamStart {
    if let id = EventID(lastEventID) { return .after(id) }
    if let time = TimeCursor(lastEventID) { return .since(time) }
    // As clients of other hubs ask for all that is there.
    if lastEventID.hasSameBytes(as: StreamBeginning.earliest) { return .oldest }
    return .unknown(lastEventID.excerpt())
  }
}
