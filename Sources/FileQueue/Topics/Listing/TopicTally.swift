import Kernel

/// Adds up what is asked of topics, going once through all that there are, in memory for those that are
/// told only.
///
/// Of all topics that were met the lowest are kept. One of those that are told in the end is among the
/// lowest whenever it is met, so nothing of it is missed.
struct TopicTally {
  private struct Sum {
    var newest: UInt64 = 0
    var eventCount = 0
    var byteCount = 0
    var lastMinuteCount = 0
    var hasEnded = false
  }

  private let query: TopicQuery
  private let states: TopicStates
  private var sums: [[UInt8]: Sum] = [:]
  /// None above this is told; nil while there are too few.
  private var highest: [UInt8]?

  init(_ query: TopicQuery, _ states: TopicStates) {
    self.query = query
    self.states = states
  }

  /// Whether a topic may be told.
  func takes(_ encodedTopic: Span<UInt8>) -> Bool {
    query.takes(encodedTopic) && !(highest?.span.precedes(encodedTopic) ?? false)
  }

  /// The first event of a topic that is not hidden.
  func firstSeen(of encodedTopic: Span<UInt8>) -> UInt64 {
    states.state(of: encodedTopic, hash: Topic.hash64(encodedTopic)).hiddenBefore
  }

  /// Counts events of a topic that may be told; the last one of them has the sequence `newest`.
  mutating func add(
    _ encodedTopic: Span<UInt8>, newest: UInt64, eventCount: Int, byteCount: Int,
    lastMinuteCount: Int
  ) {
    change(encodedTopic) { sum in
      sum.newest = max(sum.newest, newest)
      sum.eventCount += eventCount
      sum.byteCount += byteCount
      sum.lastMinuteCount += lastMinuteCount
    }
  }

  /// Notes that a topic that may be told has ended.
  mutating func addEnd(_ encodedTopic: Span<UInt8>, at sequence: UInt64) {
    change(encodedTopic) { sum in
      sum.newest = max(sum.newest, sequence)
      sum.hasEnded = true
    }
  }

  private mutating func change(_ encodedTopic: Span<UInt8>, _ body: (inout Sum) -> Void) {
    body(&sums[encodedTopic.indices.map { encodedTopic[$0] }, default: Sum()])
    if sums.count / 2 > query.countMaximum { removeHighest() }
  }

  /// Keeps one more than is told, which says that there are more.
  private mutating func removeHighest() {
    let topics = sums.keys.sorted { $0.span.precedes($1.span) }
    for topic in topics[(query.countMaximum + 1)...] { sums.removeValue(forKey: topic) }
    highest = topics[query.countMaximum]
  }

  /// What came of it.
  func page() -> TopicPage {
    let topics = sums.keys.sorted { $0.span.precedes($1.span) }
    let figures = topics.prefix(query.countMaximum).compactMap { encoded -> TopicFigures? in
      guard let topic = Topic(encoded: encoded.span), let sum = sums[encoded] else { return nil }
      return TopicFigures(
        topic: topic, newest: sum.newest, eventCount: sum.eventCount, byteCount: sum.byteCount,
        lastMinuteCount: sum.lastMinuteCount, hasEnded: sum.hasEnded)
    }
    return TopicPage(topics: figures, hasMore: topics.count > query.countMaximum)
  }
}

extension Span where Element == UInt8 {
  /// Whether it comes before another in the order of bytes.
  func precedes(_ other: Span<UInt8>) -> Bool {
    for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
      return self[index] < other[index]
    }
    return count < other.count
  }
}
