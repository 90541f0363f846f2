import Kernel
import SystemPackage

/// Appends events to a queue; belongs to one thread.
///
/// Processes take turns under the queue's lock.
public struct Appender: ~Copyable {
  let queue: Queue
  private let lock: FileLock
  private let lockFile: FileIdentity
  private let epochDigits: HexadecimalDigits
  let durability: Durability
  private let segmentByteCountMaximum: Int
  private let segmentEventCountMaximum: Int
  var segment: OpenSegment?
  var topics: TopicStateWriter
  /// How far the queue was when it was looked at last; it only grows.
  private var seen: Tail.AppendedEnd?
  private let clocks: ClockSources
  private var text: [UInt8] = []
  private var index: [UInt8] = []
  var keys: KnownKeys

  /// How many keys it remembers.
  var keyCount: Int { keys.count }

  /// An appender for `queue`.
  ///
  /// - Parameters:
  ///   - segmentByteCountMaximum: a segment is followed by a new one before it grows beyond this.
  ///   - segmentEventCountMaximum: the same for its events.
  ///   - keyWindow: for how long a key is remembered.
  ///   - keyCountMaximum: how many are.
  public init(
    _ queue: Queue, durability: Durability = .full,
    segmentByteCountMaximum: Int = QueueLimits.segmentByteCountMaximum,
    segmentEventCountMaximum: Int = QueueLimits.segmentEventCountMaximum,
    keyWindow: Duration = QueueLimits.keyWindow,
    keyCountMaximum: Int = QueueLimits.keyCountMaximum
  ) throws(QueueError) {
    try self.init(
      queue, durability: durability, segmentByteCountMaximum: segmentByteCountMaximum,
      segmentEventCountMaximum: segmentEventCountMaximum, keyWindow: keyWindow,
      keyCountMaximum: keyCountMaximum, clocks: ClockSources())
  }

  init(
    _ queue: Queue, durability: Durability = .full,
    segmentByteCountMaximum: Int = QueueLimits.segmentByteCountMaximum,
    segmentEventCountMaximum: Int = QueueLimits.segmentEventCountMaximum,
    keyWindow: Duration = QueueLimits.keyWindow,
    keyCountMaximum: Int = QueueLimits.keyCountMaximum, clocks: ClockSources
  ) throws(QueueError) {
    self.clocks = clocks
    self.queue = queue
    self.durability = durability
    self.segmentByteCountMaximum = segmentByteCountMaximum
    self.segmentEventCountMaximum = segmentEventCountMaximum
    epochDigits = HexadecimalDigits(queue.epoch)
    keys = KnownKeys(
      queue.directory, window: keyWindow, countMaximum: keyCountMaximum, clocks: clocks)
    let lock = try queue.openLock()
    lockFile = try mapping { () throws(SystemCallError) in try lock.status().identity }
    self.lock = lock
    topics = TopicStateWriter(queue)
  }

  /// Appends events in their order, in one write, and returns when they are as safe as the
  /// appender's durability says.
  ///
  /// - Parameter events: at least one.
  /// - Returns: what became of each of them.
  /// - Throws: `full` where nothing was appended and a later try may succeed; `readOnly` and
  ///   `damaged` where none will.
  public mutating func append(_ events: [PendingEvent]) throws(QueueError) -> [AppendOutcome] {
    precondition(!events.isEmpty, "an appended batch has at least one event")
    let outcomes = try underLock { (appender) throws(QueueError) in try appender.write(events) }
    // An event that was there already may not be on disk yet: another process has just appended it.
    let last = outcomes.reduce(0) { max($0, $1.sequence ?? 0) }
    if last > 0 {
      switch durability {
      case .full: try synchronize(upTo: last + 1)
      case .interval: break
      case .none: queue.tail.raiseDurableEnd(to: last + 1, isSynced: false)
      }
    }
    return outcomes
  }

  /// Puts everything that has been appended on disk, by whichever process.
  public mutating func synchronize() throws(QueueError) {
    let end = try underLock { (appender) throws(QueueError) in
      let end = appender.queue.tail.appendedEnd
      _ = try appender.openSegment(end)
      return end
    }
    try synchronize(upTo: end.next)
  }

  /// Does all that an append needs, and leaves nothing of it: takes the lock, writes behind the end of
  /// the last segment, puts that on disk and takes it back; and looks whether a segment could be made.
  ///
  /// - Throws: what an append would throw.
  mutating func probe() throws(QueueError) {
    try underLock { (appender) throws(QueueError) in
      let end = appender.queue.tail.appendedEnd
      let segment = try appender.openSegment(end)
      let bytes = [UInt8](repeating: 0, count: QueueLimits.probeByteCount)
      do throws(SystemCallError) {
        try FileSystem.refuseUnwritable(appender.queue.path)
        try segment.text.writeAll(bytes.span, at: end.offset)
        try segment.text.synchronizeData()
        try segment.text.truncate(to: end.offset)
      } catch {
        try? segment.text.truncate(to: end.offset)
        if error.isNoSpace { throw .full(error) }
        throw ["pwrite", "fdatasync"].contains(error.call) ? appender.fail(error) : .system(error)
      }
    }
  }

  // MARK: - Under the lock

  mutating func underLock<Result>(
    _ body: (inout Appender) throws(QueueError) -> Result
  ) throws(QueueError) -> Result {
    if queue.tail.hasFailed { throw .readOnly(reason: "an earlier write to the disk failed") }
    try lock.hold(at: queue.directory.lockPath)
    let result: Result
    do {
      try queue.refuseElsewhere(lock: lockFile, at: queue.directory.lockPath)
      try refuseOtherPage()
      result = try body(&self)
      seen = queue.tail.appendedEnd
    } catch {
      try? lock.unlock()
      throw error
    }
    try mapping { () throws(SystemCallError) in try lock.unlock() }
    return result
  }

  /// Another's page was written over this one, in place.
  private func refuseOtherPage() throws(QueueError) {
    let end = queue.tail.appendedEnd
    guard end.isSound, seen.map({ end.isReachable(from: $0) }) ?? true else {
      throw .deleted(path: queue.directory.tailPath.string)
    }
  }

  private mutating func write(_ events: [PendingEvent]) throws(QueueError) -> [AppendOutcome] {
    var end = queue.tail.appendedEnd
    var segment = try openSegment(end)
    try catchUpWithTopics(end)
    if queue.tail.pendingEpoch != nil { segment = try beginEpoch(segment, &end) }
    let first = end.next
    guard first >= end.segment.first,
      first <= QueueLimits.sequenceMaximum - UInt64(events.count)
    else {
      throw .damaged(
        segment: end.segment.textFile, offset: end.offset,
        reason: "its next event would be number \(first), and the highest is "
          + "\(QueueLimits.sequenceMaximum)")
    }
    keys.lookAtClocks(next: first)
    let batch = try admit(events, end)
    if batch.events.isEmpty { return batch.outcomes([]) }
    let previousTime = end.unixMilliseconds
    var outcomes = render(batch.events, &end)
    if end.offset > 0, isOverLimit(end) {
      end.next = first
      segment = try roll(from: segment, &end)
      end.unixMilliseconds = previousTime
      outcomes = render(batch.events, &end)
    }
    if text.isEmpty { return batch.outcomes(outcomes) }
    try writeTopics()
    let indexOffset = Int(first - segment.name.first) * IndexEntry.byteCount
    let keyEntries = batch.keyEntries(outcomes)
    do {
      try segment.text.writeAll(text.span, at: end.offset)
      try segment.index.writeAll(index.span, at: indexOffset)
      try keys.write(keyEntries, of: segment.name)
    } catch {
      // Where this fails too, the bytes stay behind the appended end, where no reader goes, and the next
      // appender cuts them. The text goes last: it is what tells that there may be keys. Events without keys have
      // written none, and not been caught up for: what stands there is of others.
      if keyEntries.count == 0 || (try? keys.takeBack(from: segment.name)) != nil {
        try? segment.text.truncate(to: end.offset)
        try? segment.index.truncate(to: indexOffset)
      }
      throw error.isNoSpace ? .full(error) : fail(error)
    }
    end.offset += text.count
    queue.tail.setAppendedEnd(end)
    topics.publish(next: end.next)
    keys.pass(next: end.next)
    if text.capacity > 2 * QueueLimits.batchByteCountMaximum { text = [] }
    return batch.outcomes(outcomes)
  }

  /// Leaves out the events that are there already; events without keys cost no look.
  private mutating func admit(
    _ events: [PendingEvent], _ end: Tail.AppendedEnd
  ) throws(QueueError) -> AdmittedBatch {
    guard events.contains(where: { $0.key != nil }) else { return AdmittedBatch(all: events) }
    do throws(QueueError) {
      try keys.catchUp(to: end)
      return try AdmittedBatch(events, known: &keys, topics: topics, next: end.next)
    } catch {
      // Others publish together with them.
      return AdmittedBatch(events, refusingKeys: error)
    }
  }

  /// Whether the segment would grow beyond a limit with what has been rendered.
  private func isOverLimit(_ end: Tail.AppendedEnd) -> Bool {
    end.offset + text.count > segmentByteCountMaximum
      || end.next - end.segment.first > UInt64(segmentEventCountMaximum)
  }

  /// Renders text and index entries of events that go in at `end`; moves its sequence and time.
  private mutating func render(
    _ events: [PendingEvent], _ end: inout Tail.AppendedEnd
  ) -> [AppendOutcome] {
    var outcomes: [AppendOutcome] = []
    outcomes.reserveCapacity(events.count)
    var times = PublishTimes(after: end.unixMilliseconds, now: clocks.wall())
    text.removeAll(keepingCapacity: true)
    index.removeAll(keepingCapacity: true)
    text.reserveCapacity(events.reduce(0) { $0 + RecordWriter.byteCountMaximum($1) })
    index.reserveCapacity(events.count * IndexEntry.byteCount)
    var time = DecimalDigits(UInt64(times.last))
    topics.beginBatch()
    for event in events {
      if let refusal = topics.refusal(of: event) {
        outcomes.append(.refused(refusal))
        continue
      }
      let before = times.last
      if times.next(event.publishedAt) != before { time = DecimalDigits(UInt64(times.last)) }
      let start = text.count
      RecordWriter.append(
        event, sequence: end.next, time: time, epochDigits: epochDigits, to: &text)
      IndexEntry(
        offset: UInt32(clamping: end.offset + start), length: UInt32(clamping: text.count - start),
        topicHash: event.topicHash
      ).append(to: &index)
      topics.note(event, endsAt: end.next)
      outcomes.append(.appended(Appended(sequence: end.next, unixMilliseconds: times.last)))
      end.next += 1
    }
    end.unixMilliseconds = times.last
    return outcomes
  }

  // MARK: - Outside the lock

  /// One sync covers every byte of the segment, whoever wrote it; what lies in older segments was
  /// synced when they were sealed.
  func synchronize(upTo next: UInt64) throws(QueueError) {
    guard let segment, queue.tail.syncedNext < next else { return }
    var covered = next
    if let end = queue.tail.observedEnd(), end.segment == segment.name {
      covered = max(covered, end.next)
    }
    do {
      try segment.text.synchronizeData()
    } catch {
      throw fail(error)
    }
    // Another process may have been told of a failure that the kernel tells only once.
    if queue.tail.hasFailed { throw .readOnly(reason: "an earlier write to the disk failed") }
    queue.tail.raiseDurableEnd(to: covered, isSynced: true)
  }

  /// After a failed write or sync the kernel forgets what it could not write: no later sync proves
  /// anything, so nobody appends any more until recovery has read the queue anew.
  func fail(_ error: SystemCallError) -> QueueError {
    queue.tail.recordFailure()
    return .readOnly(reason: "\(error)")
  }
}
