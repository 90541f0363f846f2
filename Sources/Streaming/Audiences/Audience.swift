import FastCGI
import FileQueue
import Kernel

/// All subscribers of a loop with the same filter: what one of them gets, all who are live get, byte
/// for byte.
final class Audience {
  /// Which subscribers share bytes: FastCGI records carry the request's id.
  struct Key: Hashable {
    let filter: TopicFilter
    var names: EventNames?
    /// Whether a silence is broken by an event rather than by a comment.
    var hasHeartbeats = false
    var format = StreamFormat.eventStream
    /// Whether JSON tells all topics of an event, or those only that are asked for.
    var tellsAllTopics = true
    let requestID: UInt16
  }

  let key: Key
  /// Subscribers that have everything the feed has read, in no order.
  private(set) var live: [Subscriber] = []
  /// All subscribers, live or not; without any, the loop forgets the audience.
  var subscriberCount = 0
  /// What the feed has read for this audience and not yet sent.
  var frame: Frame?
  /// An event in this pass that is too large for a frame or the pass: the live subscribers have to read it, and
  /// what follows it, from the queue.
  var largeSequence: UInt64?
  /// Whether the pass has come to the end of all its topics: its streams end when they are sent it.
  var isOver = false
  /// The last event in the frame.
  var frameSequence: UInt64?
  /// The last id that all live subscribers were told; nil where one of them has no id yet.
  var toldSequence: UInt64?
  /// The last event that was looked at for this audience: it may be found in several ways.
  var visitedSequence: UInt64 = 0
  /// When the live subscribers were last sent something.
  var lastSentAt = Clock.monotonicNanoseconds()
  /// When they were last sent something that was published.
  var lastPublishedAt = Clock.monotonicNanoseconds()
  /// Whether a timer will look for a silence.
  var hasTimer = false

  init(_ key: Key) {
    self.key = key
  }

  /// Whether it asks for nothing but one topic.
  var hasOneTopic: Bool { key.filter.patterns.isEmpty && key.filter.topics.count == 1 }

  /// Puts a subscriber into the list.
  func add(_ subscriber: Subscriber) {
    if live.isEmpty {
      toldSequence = subscriber.toldSequence
    } else if let told = toldSequence {
      toldSequence = subscriber.toldSequence.map { min(told, $0) }
    }
    subscriber.state = .live(slot: live.count)
    live.append(subscriber)
  }

  /// Takes the subscriber at `slot` out of the list; the last one moves there.
  func remove(slot: Int) {
    live[slot].toldSequence = toldSequence
    let last = live.removeLast()
    guard slot < live.count else { return }
    live[slot] = last
    last.state = .live(slot: slot)
  }

  /// Takes all out of the list.
  func removeAll() -> [Subscriber] {
    defer { live = [] }
    for subscriber in live { subscriber.toldSequence = toldSequence }
    return live
  }
}

extension Audience.Key {
  /// The topics that JSON tells of; nil for all.
  var toldTopics: TopicFilter? { tellsAllTopics ? nil : filter }

  /// The audience of who gets its events from a source.
  init(_ source: StreamSource, requestID: UInt16) {
    switch source {
    case .queue(let request):
      self.init(
        filter: request.filter, names: request.names,
        hasHeartbeats: request.signals.contains(.heartbeat), format: request.format,
        tellsAllTopics: request.tellsAllTopics || request.format == .eventStream,
        requestID: requestID)
    case .group(let entry, let request):
      // None of them is live: each is sent its own.
      self.init(
        filter: entry.terms.filter, names: entry.terms.names, format: request.format,
        tellsAllTopics: request.tellsAllTopics || request.format == .eventStream,
        requestID: requestID)
    case .demo(let demo):
      self.init(filter: demo.filter, requestID: requestID)
    }
  }
}
