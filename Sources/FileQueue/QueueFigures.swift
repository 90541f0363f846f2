import Kernel
public import SystemPackage

/// How much a queue holds, for people and for status pages.
public struct QueueFigures: Sendable {
  /// The epochs that the queue has had.
  public let epochs: Epochs
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
    eventCount == 0 ? nil : epochs.id(of: oldest)
  }
  /// The id of the newest event; nil in an empty queue.
  public var newestID: EventID? {
    eventCount == 0 ? nil : epochs.id(of: next - 1)
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
    let epochs = try directory.existingEpochs()
    let memory = try mapping { () throws(SystemCallError) in
      try Tail.memory(at: directory.tailPath, epochs: epochs)
    }
    let isCurrent = memory?.home?.isOfThisBoot ?? false
    if !isCurrent { try directory.refuseOtherEvents(epochs) }
    let next =
      if let memory, isCurrent {
        memory.durableNext
      } else {
        max(memory?.durableNext ?? 1, try directory.nextByText(epochs))
      }
    let pending = isCurrent ? memory?.pendingEpoch : nil
    try self.init(
      directory, pending.map { epochs.beginning($0, at: next) } ?? epochs, next: next,
      isReadOnly: memory?.hasFailed ?? false)
  }

  fileprivate init(
    _ directory: QueueDirectory, _ epochs: Epochs, next: UInt64, isReadOnly: Bool
  ) throws(QueueError) {
    let segments = try directory.segments()
    var byteCount = 0
    for segment in segments { byteCount += try directory.byteCount(of: segment) }
    self.init(
      epochs: epochs, oldest: min(next, segments.first?.first ?? next), next: next,
      segmentCount: segments.count, byteCount: byteCount, isReadOnly: isReadOnly)
  }
}

extension Queue {
  /// Looks up how much the queue holds; costs some system calls a segment.
  public func figures() throws(QueueError) -> QueueFigures {
    try QueueFigures(directory, epochs, next: durableNext, isReadOnly: tail.hasFailed)
  }
}
