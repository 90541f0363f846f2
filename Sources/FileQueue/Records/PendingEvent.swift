public import EventStream

/// An event on its way into the queue: rendered, but without sequence, time and id.
public struct PendingEvent: Sendable {
  /// What stands behind the checksum in the head, with its newline, and the lines of the body that
  /// come before the id.
  let content: [UInt8]
  /// How much of it belongs to the body.
  let fieldsByteCount: Int
  /// ``IndexEntry/topicHash``.
  let topicHash: UInt64
  /// By what a second publish of it is known.
  public let key: EventKey?
  /// By what another event with the same key is found to be another one; 0 without a key.
  let contentHash: UInt64
  /// Whether it is the last one of its topics.
  public let isEnd: Bool
  /// When it was published, in milliseconds since 1970, if not now: of an event that is imported.
  public let publishedAt: Int64?

  /// About what it takes on disk.
  public var byteCount: Int { content.count }

  /// Renders `event` under one topic; its id, if it has one, is not used, the queue gives ids.
  public init(
    _ event: Event, topic: Topic, expiresAt: Int64? = nil, publishedAt: Int64? = nil
  ) throws(QueueError) {
    try self.init(event, topics: [topic], expiresAt: expiresAt, publishedAt: publishedAt)
  }

  /// Renders `event`; its id, if it has one, is not used, the queue gives ids.
  ///
  /// - Parameters:
  ///   - topics: at least one; who subscribes to several of them gets the event once. One that is named
  ///     twice counts once.
  ///   - key: by what a second publish of the event is known.
  ///   - isEnd: whether it is the last one of its topics.
  ///   - expiresAt: when it stops being delivered, in milliseconds since 1970; nil for never.
  ///   - publishedAt: when it was published, for an event that comes from another queue.
  /// - Throws: `QueueError.invalidField` and `QueueError.eventTooLarge`: what a reader would not take
  ///   back is never written.
  public init(
    _ event: Event, topics: [Topic], key: EventKey? = nil, isEnd: Bool = false,
    expiresAt: Int64? = nil, publishedAt: Int64? = nil
  ) throws(QueueError) {
    let topic = topics[0]
    let furtherTopics = topics.count == 1 ? [] : try Self.furtherTopics(topics)
    try Self.checkRetry(event.retryMilliseconds)
    if let expiresAt { try Self.checkTime(expiresAt, name: "expires") }
    if let publishedAt { try Self.checkTime(publishedAt, name: "time") }
    var content: [UInt8] = []
    content.reserveCapacity(topic.encoded.count + event.data.utf8.count + 64)
    content.append(contentsOf: topic.encoded)
    for topic in furtherTopics {
      content.append(contentsOf: RecordAttribute.also)
      content.append(contentsOf: topic.encoded)
    }
    if let expiresAt {
      content.append(contentsOf: RecordAttribute.expires)
      content.append(contentsOf: "\(expiresAt)".utf8)
    }
    if let key {
      content.append(contentsOf: RecordAttribute.key)
      content.append(contentsOf: key.encoded)
    }
    if isEnd { content.append(contentsOf: RecordAttribute.end) }
    content.append(UInt8(ascii: "\n"))
    let headByteCount = content.count
    EventStreamWriter.appendFields(of: event, to: &content)
    fieldsByteCount = content.count - headByteCount
    try Self.checkSize(fieldsByteCount: fieldsByteCount)
    self.content = content
    self.publishedAt = publishedAt
    self.key = key
    contentHash =
      key == nil
      ? 0
      : Self.contentHash(
        [topic] + furtherTopics, isEnd: isEnd, content.span.extracting(headByteCount...))
    self.isEnd = isEnd
    topicHash = furtherTopics.isEmpty ? topic.hash64 : IndexEntry.severalTopics
  }

  private static func contentHash(
    _ topics: [Topic], isEnd: Bool, _ fields: Span<UInt8>
  ) -> UInt64 {
    var hash = ContentHash()
    for topic in topics { hash.add(topic: topic.encoded.span) }
    if isEnd { hash.addEnd() }
    hash.add(fields)
    return hash.value
  }

  /// Those behind the first one, each once.
  private static func furtherTopics(_ topics: [Topic]) throws(QueueError) -> [Topic] {
    var seen: Set<Topic> = [topics[0]]
    let further = topics.dropFirst().filter { seen.insert($0).inserted }
    guard seen.count <= QueueLimits.topicsPerEventCountMaximum else {
      throw .invalidField(
        name: "topics", value: "a list of \(seen.count)",
        rule:
          "at most \(QueueLimits.topicsPerEventCountMaximum) topics: publish the event twice, or "
          + "let subscribers use patterns")
    }
    let byteCount = seen.reduce(0) { $0 + $1.encoded.count }
    guard byteCount <= QueueLimits.topicsByteCountMaximum else {
      throw .invalidField(
        name: "topics", value: "\(byteCount) bytes long",
        rule:
          "at most \(QueueLimits.topicsByteCountMaximum) bytes in all: name fewer or shorter ones")
    }
    return further
  }

  /// An event of a template, with neither key nor end.
  init(content: [UInt8], fieldsByteCount: Int, topicHash: UInt64) {
    self.content = content
    self.fieldsByteCount = fieldsByteCount
    self.topicHash = topicHash
    key = nil
    contentHash = 0
    isEnd = false
    publishedAt = nil
  }

  static func checkSize(fieldsByteCount: Int) throws(QueueError) {
    let count = RecordWriter.bodyByteCount(
      fieldsByteCount: fieldsByteCount,
      digitCount: QueueLimits.sequenceMaximum.decimalDigitCount)
    guard count <= QueueLimits.bodyByteCountMaximum else {
      throw .eventTooLarge(
        byteCount: count, byteCountMaximum: QueueLimits.bodyByteCountMaximum)
    }
  }

  private static func checkRetry(_ milliseconds: Int?) throws(QueueError) {
    let range = QueueLimits.retryMilliseconds
    guard let milliseconds, !range.contains(milliseconds) else { return }
    throw .invalidField(
      name: "retry", value: "\(milliseconds)",
      rule: "a number of milliseconds from \(range.lowerBound) to \(range.upperBound)")
  }

  /// What would be seconds of our days is refused too: as milliseconds they are in January 1970.
  private static func checkTime(_ milliseconds: Int64, name: String) throws(QueueError) {
    let range = QueueLimits.unixMilliseconds
    let guess: String? =
      switch milliseconds {
      case 1_000_000_000..<100_000_000_000: "seconds"
      case ...range.upperBound: nil
      case ...(range.upperBound * 1000): "microseconds"
      default: "nanoseconds"
      }
    guard guess != nil || milliseconds < range.lowerBound else { return }
    throw .invalidField(
      name: name, value: "\(milliseconds)",
      rule: "a number of milliseconds since 1970, from \(range.lowerBound) to \(range.upperBound)"
        + (guess.map { ", and this looks like \($0)" } ?? ""))
  }
}
