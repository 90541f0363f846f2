package import FileQueue

/// The events that wait for their time, as JSON tells of them.
package struct DelayedReport: Codable {
  /// How many wait in all; nil for one who may not see all of them.
  let count: Int?
  /// So many of them, in the order in which they are due.
  package let delayed: [Entry]
  /// What `after` takes to go on behind them; nil where no more follow.
  package let next: String?

  /// An event that waits; its fields are those of a publish request.
  package struct Entry: Codable {
    package let data: String
    /// What names it.
    package let delayed: String
    /// When it is published, in milliseconds since 1970.
    package let due: Int64
    let end: Bool?
    let event: String?
    let key: String?
    /// Whether it is being published at this moment.
    package let publishing: Bool?
    let retry: Int?
    package let topic: String?
    package let topics: [String]?
    /// In seconds.
    let ttl: Double?

    /// Tells of an event.
    package init(_ waiting: WaitingEvent) {
      data = waiting.data
      delayed = "\(waiting.id)"
      due = waiting.due
      end = waiting.isEnd ? true : nil
      event = waiting.type
      key = waiting.key
      publishing = waiting.isBeingPublished ? true : nil
      retry = waiting.retryMilliseconds
      topic = waiting.topics.count == 1 ? waiting.topics[0].text : nil
      topics = waiting.topics.count == 1 ? nil : waiting.topics.map(\.text)
      ttl = waiting.timeToLive.map { Double($0) / 1000 }
    }
  }

  /// Tells of a part of them.
  ///
  /// - Parameter isVisible: whether the one who asks may see an event; nil where all may be seen.
  package init(_ page: DelayedPage, where isVisible: ((WaitingEvent) -> Bool)? = nil) {
    count = isVisible == nil ? page.count : nil
    delayed = page.events.filter { isVisible?($0) ?? true }.map(Entry.init)
    next = page.next.map { "\($0)" }
  }
}
