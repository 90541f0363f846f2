import EventStream
import FileQueue
import Kernel

/// The fields of one event, as its publisher wrote them, from all places of a request.
///
/// A field that two places name has to be the same in both. All are read when the event is made.
struct PublishFields {
  struct Written {
    let field: PublishField
    let text: String
    let place: PublishPlace
  }

  /// The event's data; nil where no place has said any.
  private(set) var data: String?
  /// Which field said it, where one did.
  private var dataField: PublishField?
  /// What was said of the fields that have one value, each once.
  var written: [Written] = []
  /// The topics, as all places name them.
  var topicNames: [Written] = []
  /// Whose keys the publisher's are.
  private let keyScope: String

  /// No fields yet.
  init(keyScope: String = "") {
    self.keyScope = keyScope
  }

  /// Whether a field that has one value is named.
  func has(_ field: PublishField) -> Bool { written.contains { $0.field == field } }

  /// Takes the data, which stands in one place only.
  mutating func take(data text: String) {
    data = text
  }

  /// Takes what a place says.
  ///
  /// - Throws: for another value than a place before has said, and for a second one of data.
  mutating func take(
    _ field: PublishField, _ text: String, from place: PublishPlace
  ) throws(Problem) {
    switch field {
    case .data, .message:
      if let dataField {
        throw dataField == field
          ? Problem(
            status: 400, code: .duplicateField,
            detail: "the field '\(field)' stands in \(place.rawValue) twice: send it once",
            field: field.rawValue)
          : Problem(
            status: 400, code: .contradiction,
            detail: "\(place.rawValue) has both 'message' and 'data': send one", field: "data")
      }
      data = text
      dataField = field
    case .topic:
      topicNames.append(Written(field: .topic, text: text, place: place))
    case .topics:
      for part in text.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
        let name = String(part) ?? ""
        topicNames.append(
          Written(field: .topic, text: place == .header ? name.trimmed : name, place: place))
      }
    case .at, .delay, .end, .event, .key, .retry, .ttl:
      guard let before = written.first(where: { $0.field == field }) else {
        return written.append(Written(field: field, text: text, place: place))
      }
      guard before.text.hasSameBytes(as: text) else {
        throw Self.contradiction(before, Written(field: field, text: text, place: place))
      }
    }
  }

  /// The problem of a field that has two values.
  static func contradiction(_ first: Written, _ second: Written) -> Problem {
    let place = first.place == second.place ? "also" : second.place.rawValue
    return Problem(
      status: 400, code: .contradiction,
      detail: "\(first.place.rawValue) says \(first.field) '\(first.text.excerpt())' and \(place) "
        + "'\(second.text.excerpt())': say it once", field: first.field.rawValue)
  }

  // MARK: - What they mean

  /// The event that is published now, checked.
  func event() throws(Problem) -> (event: PendingEvent, topics: [Topic]) {
    if let field = [PublishField.at, .delay].first(where: has) {
      throw Problem(
        status: 400, code: .invalidDelay,
        detail: "an event of a batch is published now: publish it by itself, with '\(field)'",
        field: field.rawValue)
    }
    return try event(expiresAt: try timeToLive()?.expiresAt)
  }

  /// The event that is published later, checked; nil where it is published now.
  func delayedEvent() throws(Problem) -> (event: DelayedEvent, topics: [Topic])? {
    guard let delay = try delay() else { return nil }
    let (event, topics) = try event(expiresAt: nil)
    return (DelayedEvent(event, timeToLive: try timeToLive(), delay: delay), topics)
  }

  private func delay() throws(Problem) -> Delay? {
    let texts = (after: text(of: .delay), at: text(of: .at))
    switch texts {
    case (nil, nil): return nil
    case (let text?, nil):
      if let delay = Delay(after: text) { return delay }
      throw Problem(
        status: 400, code: .invalidDelay,
        detail: "delay is '\(text.excerpt())'; it is \(Delay.afterRule)", field: "delay")
    case (nil, let text?):
      if let delay = Delay(at: text) { return delay }
      throw Problem(
        status: 400, code: .invalidDelay,
        detail: "at is '\(text.excerpt())'; it is \(Delay.atRule)", field: "at")
    default:
      throw Problem(
        status: 400, code: .contradiction,
        detail: "the event has a delay and a time at which it is published: say one", field: "at")
    }
  }

  /// The event, whenever it is published.
  ///
  /// - Parameters:
  ///   - expiresAt: when it stops being delivered, in milliseconds since 1970; nil for never.
  ///   - publishedAt: when it was published, if not now.
  func event(
    expiresAt: Int64?, publishedAt: Int64? = nil
  ) throws(Problem) -> (event: PendingEvent, topics: [Topic]) {
    guard let data else {
      throw Problem(
        status: 400, code: .missingMessage,
        detail:
          "the field 'message' is missing: send {\"message\": \"…\"}, or 'data' with any value",
        field: "message")
    }
    let event = Event(type: try type(), data: data, retryMilliseconds: try retry())
    let isEnd = try flag(.end)
    let topics = try topics()
    do throws(QueueError) {
      let key = try text(of: .key).map { text throws(QueueError) in
        try EventKey(text, scope: keyScope)
      }
      return (
        try PendingEvent(
          event, topics: topics, key: key, isEnd: isEnd, expiresAt: expiresAt,
          publishedAt: publishedAt),
        topics
      )
    } catch {
      throw Problem(error)
    }
  }

  private func text(of field: PublishField) -> String? {
    written.first { $0.field == field }?.text
  }

  func type() throws(Problem) -> EventType? {
    guard let text = text(of: .event) else { return nil }
    do { return try EventType(text) } catch {
      throw Problem(status: 400, code: .invalidEvent, detail: "\(error)", field: "event")
    }
  }

  func retry() throws(Problem) -> Int? {
    guard let text = text(of: .retry) else { return nil }
    guard let milliseconds = Int(text) else {
      throw Problem(
        status: 400, code: .invalidRetry,
        detail: "retry is '\(text.excerpt())'; it is \(PublishField.retry.rule)", field: "retry")
    }
    return milliseconds
  }

  func timeToLive() throws(Problem) -> TimeToLive? {
    guard let text = text(of: .ttl) else { return nil }
    guard let ttl = TimeToLive(text: text) else {
      throw Problem(
        status: 400, code: .invalidTTL,
        detail: "ttl is '\(text.excerpt())'; it is \(TimeToLive.rule)", field: "ttl")
    }
    return ttl
  }

  private func flag(_ field: PublishField) throws(Problem) -> Bool {
    guard let text = text(of: field) else { return false }
    return try QueryNames.flag(text, name: field.rawValue)
  }

  /// The topics that all places agree on; the default one where none is named.
  func topics() throws(Problem) -> [Topic] {
    guard let first = topicNames.first else { return [.default] }
    if topicNames.count == 1 { return try Self.topics([first.text]) }
    let texts = topicNames.filter { $0.place == first.place }.map(\.text)
    for place in PublishPlace.allCases where place != first.place {
      let others = topicNames.filter { $0.place == place }.map(\.text)
      guard !others.isEmpty, Set(texts.map { Array($0.utf8) }) != Set(others.map { Array($0.utf8) })
      else { continue }
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "\(first.place.rawValue) names topic '\(Self.excerpt(of: texts))' and "
          + "\(place.rawValue) '\(Self.excerpt(of: others))': name one"
          + (texts.count + others.count > 2 ? ", or the same in both" : ""),
        field: "topic")
    }
    let maximum = QueueLimits.topicsPerEventCountMaximum
    guard texts.count <= maximum else {
      throw Problem(
        status: 400, code: .tooManyTopics,
        detail: "\(texts.count) topics; an event has at most \(maximum): publish it twice, or let "
          + "subscribers use patterns", field: "topics")
    }
    return try Self.topics(texts)
  }

  private static func topics(_ texts: [String]) throws(Problem) -> [Topic] {
    do throws(QueueError) {
      var topics: [Topic] = []
      for text in texts {
        let topic = try Topic(text)
        if !topics.contains(topic) { topics.append(topic) }
      }
      return topics
    } catch {
      throw Problem(status: 400, code: .invalidTopic, detail: "\(error)", field: "topic")
    }
  }

  private static func excerpt(of texts: [String]) -> String {
    texts.joined(separator: "', '").excerpt()
  }
}
