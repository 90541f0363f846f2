/// How much a queue holds, for people and for status pages.
public struct QueueFigures: Sendable {
  /// Half of every event id.
  public let epoch: UInt32
  /// The sequence of the oldest event that is there; that of the next event in an empty queue.
  public let oldest: UInt64
  /// The sequence behind the newest event that is on disk.
  public let next: UInt64
  /// Segment files.
  public let segmentCount: Int
  /// Bytes of all segments and what is derived from them.
  public let byteCount: Int

  /// Events that are there, those lost to damage among them.
  public var eventCount: Int { Int(next - oldest) }
  /// The id of the oldest event; nil in an empty queue.
  public var oldestID: EventID? {
    eventCount == 0 ? nil : EventID(epoch: epoch, sequence: oldest)
  }
  /// The id of the newest event; nil in an empty queue.
  public var newestID: EventID? {
    eventCount == 0 ? nil : EventID(epoch: epoch, sequence: next - 1)
  }
}

extension Queue {
  /// Looks up how much the queue holds; costs some system calls a segment.
  public func figures() throws(QueueError) -> QueueFigures {
    let next = durableNext
    let segments = try directory.segments()
    var byteCount = 0
    for segment in segments { byteCount += try directory.byteCount(of: segment) }
    return QueueFigures(
      epoch: epoch, oldest: min(next, segments.first?.first ?? next), next: next,
      segmentCount: segments.count, byteCount: byteCount)
  }
}
