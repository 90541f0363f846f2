import DequeModule
import FileQueue

/// A subscriber's part in a group: what it is to be sent, and what of it has gone how far; belongs to its stream loop.
final class Membership {
  /// What the worker knows it by.
  let key: UInt64
  let entry: GroupEntry
  /// What it is to be sent, in this order.
  var assigned = Deque<Group.Assignment>()
  /// Events in the frame that is being sent, and where each ends in it.
  private var framed: [(sequence: UInt64, end: Int)] = []
  /// Events that were written as a whole; the web server is not known to have read them.
  private(set) var unread: [UInt64] = []
  /// Events that it is not sent, because they have expired or are gone.
  private(set) var dropped: [UInt64] = []
  /// Whether the web server has read all that was written; nil as long as the stream goes on.
  var hasReadAll: Bool?
  /// Whether the loop has ended the stream: the web server reads what is in the socket before it learns of that.
  var isEnded = false
  /// Whether nothing more will come for it.
  var isFinished = false
  /// Whether the loop looks whether it has.
  var isLookedAt = false

  init(key: UInt64, _ entry: GroupEntry) {
    self.key = key
    self.entry = entry
  }

  /// Notes that the next event is rendered, and ends at a place in its frame.
  func noteFramed(end: Int) {
    if let next = assigned.popFirst() { framed.append((next.sequence, end)) }
  }

  /// Notes that the next event is not sent.
  func noteDropped() {
    if let next = assigned.popFirst() { dropped.append(next.sequence) }
  }

  /// Notes that so many bytes of the frame were written, and no more will be.
  func noteWritten(byteCount: Int = .max) {
    unread += framed.filter { $0.end <= byteCount }.map(\.sequence)
    framed = []
  }

  /// What the group is to be told that the web server has read all.
  func takeSettled() -> Group.Change? {
    if unread.isEmpty && dropped.isEmpty { return nil }
    defer { (unread, dropped) = ([], []) }
    return .settle(key: key, written: unread, dropped: dropped)
  }

  /// What the group is to be told at once.
  func takeDropped() -> Group.Change? {
    if dropped.isEmpty { return nil }
    defer { dropped = [] }
    return .settle(key: key, written: [], dropped: dropped)
  }
}
