import Kernel
public import SystemPackage

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
  /// Whether the queue takes no more events since a write failed.
  public let isReadOnly: Bool

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

extension QueueFigures {
  /// Looks up how much the queue at `path` holds without opening it.
  ///
  /// Permission to read is enough, and nobody who uses the queue notices. Costs some system calls a
  /// segment.
  ///
  /// - Throws: `noQueue`, `notAQueue`, `unknownFormat`, `system`.
  public init(readingQueueAt path: FilePath) throws(QueueError) {
    let directory = QueueDirectory(path: path)
    let epoch = try directory.existingEpoch()
    let tail = try mapping { () throws(SystemCallError) in
      try Tail.read(at: directory.tailPath, epoch: epoch)
    }
    let next = if let tail { tail.durableNext } else { try directory.nextByText(epoch: epoch) }
    try self.init(directory, epoch: epoch, next: next, isReadOnly: tail?.hasFailed ?? false)
  }

  fileprivate init(
    _ directory: QueueDirectory, epoch: UInt32, next: UInt64, isReadOnly: Bool
  ) throws(QueueError) {
    let segments = try directory.segments()
    var byteCount = 0
    for segment in segments { byteCount += try directory.byteCount(of: segment) }
    self.init(
      epoch: epoch, oldest: min(next, segments.first?.first ?? next), next: next,
      segmentCount: segments.count, byteCount: byteCount, isReadOnly: isReadOnly)
  }
}

extension QueueDirectory {
  /// The sequence behind the newest event by what the last segment says; who opens the queue next
  /// finds the same.
  fileprivate func nextByText(epoch: UInt32) throws(QueueError) -> UInt64 {
    guard let last = try segments().last else { return 1 }
    return try mapping { () throws(SystemCallError) in
      try SegmentIndex.entries(of: last, in: self, epoch: epoch).scan.next
    }
  }
}

extension Queue {
  /// Looks up how much the queue holds; costs some system calls a segment.
  public func figures() throws(QueueError) -> QueueFigures {
    try QueueFigures(directory, epoch: epoch, next: durableNext, isReadOnly: tail.hasFailed)
  }
}
