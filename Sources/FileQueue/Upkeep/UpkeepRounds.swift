import Kernel
import SystemPackage

/// What ``Upkeep`` does, round by round; belongs to its thread.
struct UpkeepRounds: ~Copyable {
  private let queue: Queue
  private let retention: Retention
  private let report: Upkeep.Report
  private var appender: Appender
  private let lock: FileLock
  private var holdsLock = false
  private var round = 0
  /// What each segment holds; sealed ones are looked at once.
  private var known: [SegmentName: Retention.Segment] = [:]
  /// Sealed segments whose derived files are right.
  private var lookedAfter: Set<SegmentName> = []
  private var lastLag: (appended: UInt64, durable: UInt64) = (0, 0)
  private var lastError = ""

  init(
    _ queue: Queue, retention: Retention, report: @escaping Upkeep.Report
  ) throws(QueueError) {
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try Descriptor.open(queue.directory.upkeepPath, .createIfMissing))
    }
    let appender = try Appender(queue)
    self.queue = queue
    self.retention = retention
    self.report = report
    self.lock = lock
    self.appender = appender
  }

  /// Waits for the next round; returns whether there is none.
  func isStopped(_ waker: Waker) -> Bool {
    (try? waker.wait(timeout: QueueLimits.upkeepInterval)) ?? false
  }

  /// Does what there is to do; an error is reported once and tried again in the next round.
  mutating func run() {
    do {
      try synchronizeLeftOver()
      round += 1
      if round % QueueLimits.upkeepRoundsPerRetention == 1 { try keepRetention() }
      lastError = ""
    } catch {
      let text = "\(error)"
      if text != lastError { report(true, text) }
      lastError = text
    }
  }

  /// Events that were appended, but whose process died before it synced them, are put on disk once
  /// the durable end has not moved for a round.
  private mutating func synchronizeLeftOver() throws(QueueError) {
    guard let end = queue.tail.observedEnd() else { return }
    let durable = queue.durableNext
    let isStuck = durable < end.next && lastLag == (end.next, durable)
    lastLag = (end.next, durable)
    guard isStuck, !queue.tail.hasFailed else { return }
    try appender.synchronize()
    if queue.durableNext >= end.next {
      report(
        false, "put events \(durable) to \(end.next - 1) on disk, whose process did not get to it")
    }
  }

  private mutating func keepRetention() throws(QueueError) {
    if !holdsLock {
      holdsLock = try mapping { () throws(SystemCallError) in try lock.tryLock() }
      guard holdsLock else { return }
    }
    var segments = try queue.directory.segments()
    let now = Clock.unixMilliseconds()
    if let last = segments.last, !queue.tail.hasFailed,
      try retention.wantsSealed(contents(of: last, next: queue.durableNext), now: now)
    {
      try appender.seal()
      segments = try queue.directory.segments()
    }
    try removeOld(&segments, now: now)
    try lookAfterSealed(segments)
  }

  private mutating func removeOld(
    _ segments: inout [SegmentName], now: Int64
  ) throws(QueueError) {
    var contents: [Retention.Segment] = []
    for (place, segment) in segments.enumerated() {
      let next = place + 1 < segments.count ? segments[place + 1].first : queue.durableNext
      contents.append(try self.contents(of: segment, next: next))
    }
    for _ in 0..<retention.removableCount(contents, now: now) {
      let segment = segments.removeFirst()
      try mapping { () throws(SystemCallError) in try queue.directory.remove(segment) }
      known.removeValue(forKey: segment)
      lookedAfter.remove(segment)
      report(false, "removed \(segment.textFile), which retention does not keep")
    }
  }

  /// Makes the tables of sealed segments that have none, and mends their indexes; each segment is
  /// looked at once.
  private mutating func lookAfterSealed(_ segments: [SegmentName]) throws(QueueError) {
    let directory = queue.directory
    for (segment, follower) in zip(segments, segments.dropFirst())
    where !lookedAfter.contains(segment) {
      let mended = try mapping { () throws(SystemCallError) in
        if try TopicTable.open(segment, in: directory, next: follower.first) == nil {
          _ = try TopicTableBuilder.build(
            segment, next: follower.first, in: directory, epoch: queue.epoch)
        }
        guard let table = try TopicTable.open(segment, in: directory, next: follower.first) else {
          return false
        }
        return try SegmentIndex.mend(
          segment, checksum: table.indexChecksum, in: directory, epoch: queue.epoch)
      }
      if mended { report(false, "made \(segment.indexFile) anew, which was wrong") }
      lookedAfter.insert(segment)
    }
  }

  private mutating func contents(
    of segment: SegmentName, next: UInt64
  ) throws(QueueError) -> Retention.Segment {
    let isLast = next == queue.durableNext
    if !isLast, let contents = known[segment] { return contents }
    var reader = QueueReader(queue)
    let first = try reader.time(ofFirstIn: segment) ?? 0
    let last = try reader.time(ofEventBefore: next, in: segment) ?? first
    let contents = Retention.Segment(
      byteCount: try queue.directory.byteCount(of: segment),
      eventCount: Int(max(next, segment.first) - segment.first),
      times: first...max(first, last))
    if !isLast, lookedAfter.contains(segment) { known[segment] = contents }
    return contents
  }
}
