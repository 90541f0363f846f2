import FastCGI
import FileQueue
import Kernel

/// All subscribers of a loop with the same filter: what one of them gets, all who are live get, byte
/// for byte.
final class Audience {
  /// Which subscribers share bytes: FastCGI records carry the request's id.
  struct Key: Hashable {
    let filter: TopicFilter
    let requestID: UInt16
  }

  let key: Key
  /// Subscribers that have everything the feed has read, in no order.
  private(set) var live: [Subscriber] = []
  /// All subscribers, live or not.
  var subscriberCount = 0
  /// What the feed has read for this audience and not yet sent.
  var frame: OutputFrame
  /// Events in the frame.
  var eventCount = 0
  /// When the live subscribers were last sent something.
  var lastSentAt = Clock.monotonicNanoseconds()
  /// When they were last sent something that was published.
  var lastPublishedAt = Clock.monotonicNanoseconds()

  init(_ key: Key) {
    self.key = key
    frame = OutputFrame(requestID: key.requestID)
  }

  /// Puts a subscriber into the list.
  func add(_ subscriber: Subscriber) {
    subscriber.state = .live(slot: live.count)
    live.append(subscriber)
  }

  /// Takes the subscriber at `slot` out of the list; the last one moves there.
  func remove(slot: Int) {
    let last = live.removeLast()
    guard slot < live.count else { return }
    live[slot] = last
    last.state = .live(slot: slot)
  }
}
