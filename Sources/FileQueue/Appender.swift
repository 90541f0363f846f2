import Kernel
import SystemPackage

/// Appends events to a queue; belongs to one thread.
///
/// Processes take turns under the queue's lock.
public struct Appender: ~Copyable {
  private let queue: Queue
  private let lock: FileLock
  private let epochDigits: [UInt8]
  private let segmentByteCountMaximum: Int
  private var segment: OpenSegment?
  private var chain = TopicChain(segment: SegmentName(first: 0))
  private var text: [UInt8] = []
  private var index: [UInt8] = []

  /// The segment that is being appended to, open for writing.
  private final class OpenSegment {
    let name: SegmentName
    let text: Descriptor
    let index: Descriptor

    init(_ name: SegmentName, in directory: QueueDirectory, creating: Bool) throws(SystemCallError)
    {
      let mode: OpenMode = creating ? .createIfMissing : .readWrite
      self.name = name
      text = try Descriptor.open(directory.textPath(name), mode)
      index = try Descriptor.open(directory.indexPath(name), .createIfMissing)
    }
  }

  /// An appender for `queue`.
  ///
  /// - Parameter segmentByteCountMaximum: when to roll; for tests that want many segments.
  public init(
    _ queue: Queue, segmentByteCountMaximum: Int = QueueLimits.segmentByteCountMaximum
  ) throws(QueueError) {
    self.queue = queue
    self.segmentByteCountMaximum = segmentByteCountMaximum
    epochDigits = EventID.hexadecimal(queue.epoch)
    lock = try mapping { () throws(SystemCallError) in
      FileLock(try Descriptor.open(queue.directory.lockPath, .readWrite))
    }
  }

  /// Appends events in their order, in one write, and returns when they are on disk.
  ///
  /// - Parameter events: at least one.
  /// - Returns: their sequences.
  /// - Throws: `full` where nothing was appended and a later try may succeed; `readOnly` and
  ///   `damaged` where none will.
  public mutating func append(_ events: [PendingEvent]) throws(QueueError) -> Range<UInt64> {
    precondition(!events.isEmpty, "an appended batch has at least one event")
    if queue.tail.hasFailed { throw .readOnly(reason: "an earlier sync of the disk failed") }
    try mapping { () throws(SystemCallError) in try lock.lock() }
    let sequences: Range<UInt64>
    do {
      sequences = try write(events)
    } catch {
      try? lock.unlock()
      throw error
    }
    try mapping { () throws(SystemCallError) in try lock.unlock() }
    try synchronize(upTo: sequences.upperBound)
    return sequences
  }

  // MARK: - Under the lock

  private mutating func write(_ events: [PendingEvent]) throws(QueueError) -> Range<UInt64> {
    var end = queue.tail.appendedEnd
    var segment = try openSegment(end)
    let now = max(Clock.unixMilliseconds(), end.unixMilliseconds)
    text.removeAll(keepingCapacity: true)
    var sequence = end.next
    var starts: [Int] = []
    starts.reserveCapacity(events.count + 1)
    for event in events {
      starts.append(text.count)
      RecordWriter.append(
        sequence: sequence, unixMilliseconds: now, topic: event.topic, fields: event.fields,
        epochDigits: epochDigits, to: &text)
      sequence += 1
    }
    starts.append(text.count)
    if end.offset > 0, end.offset + text.count > segmentByteCountMaximum {
      segment = try roll(from: segment, at: end.next)
      end.segment = segment.name
      end.offset = 0
    }
    renderIndex(events, starts: starts, end: end, unixMilliseconds: now)
    let indexOffset = Int(end.next - end.segment.first) * IndexEntry.byteCount
    do {
      try Self.writeAll(text, to: segment.text, at: end.offset)
      try Self.writeAll(index, to: segment.index, at: indexOffset)
    } catch {
      try rollBack(segment, textOffset: end.offset, indexOffset: indexOffset)
      chain = TopicChain(segment: SegmentName(first: 0))
      throw Self.isNoSpace(error) ? .full(error) : fail(error)
    }
    let first = end.next
    end.next = sequence
    end.offset += text.count
    end.unixMilliseconds = now
    queue.tail.setAppendedEnd(end)
    if text.capacity > 2 * QueueLimits.batchByteCountMaximum { text = [] }
    return first..<sequence
  }

  /// The segment that the tail names, without what a dead appender may have left behind its end.
  private mutating func openSegment(_ end: Tail.AppendedEnd) throws(QueueError) -> OpenSegment {
    let directory = queue.directory
    let segment: OpenSegment
    if let open = self.segment, open.name == end.segment {
      segment = open
    } else {
      segment = try mapping { () throws(SystemCallError) in
        try OpenSegment(end.segment, in: directory, creating: false)
      }
      self.segment = segment
    }
    let byteCount = try mapping { () throws(SystemCallError) in
      try segment.text.status().byteCount
    }
    if byteCount > end.offset {
      try mapping { () throws(SystemCallError) in try segment.text.truncate(to: end.offset) }
    }
    guard byteCount >= end.offset else {
      throw .damaged(
        segment: end.segment.textFile, offset: byteCount,
        reason: "it ends before the appended end, \(end.offset)")
    }
    try mapping { () throws(SystemCallError) in try catchUp(segment, to: end.next) }
    return segment
  }

  /// Learns the topics of what other processes have appended since.
  private mutating func catchUp(
    _ segment: OpenSegment, to next: UInt64
  ) throws(SystemCallError) {
    if chain.segment != segment.name { chain = TopicChain(segment: segment.name) }
    guard chain.next < next else { return }
    let start = Int(chain.next - segment.name.first) * IndexEntry.byteCount
    var bytes = [UInt8](repeating: 0, count: Int(next - chain.next) * IndexEntry.byteCount)
    var span = bytes.mutableSpan
    _ = try segment.index.read(at: start, into: &span)
    for offset in stride(from: 0, to: bytes.count, by: IndexEntry.byteCount) {
      let entry = IndexEntry(bytes.span, at: offset)
      _ = chain.extend(topicHash: entry.topicHash, sequence: chain.next)
    }
  }

  /// Seals the segment and begins the next one: the old one is on disk, and so is the new one's
  /// name, before anything refers to it.
  private mutating func roll(
    from segment: OpenSegment, at next: UInt64
  ) throws(QueueError) -> OpenSegment {
    do {
      try segment.text.synchronizeData()
    } catch {
      throw fail(error)
    }
    let directory = queue.directory
    let fresh: OpenSegment
    do {
      fresh = try OpenSegment(SegmentName(first: next), in: directory, creating: true)
      try fresh.text.truncate(to: 0)
      try fresh.index.truncate(to: 0)
      try directory.synchronize()
      try queue.tail.raiseDurableEnd(to: next)
    } catch {
      throw Self.isNoSpace(error) ? .full(error) : .system(error)
    }
    self.segment = fresh
    chain = TopicChain(segment: fresh.name)
    return fresh
  }

  private mutating func renderIndex(
    _ events: [PendingEvent], starts: [Int], end: Tail.AppendedEnd, unixMilliseconds: Int64
  ) {
    index.removeAll(keepingCapacity: true)
    for (number, event) in events.enumerated() {
      let hash = event.topic.hash64
      let distance = chain.extend(topicHash: hash, sequence: end.next + UInt64(number))
      IndexEntry(
        offset: UInt32(end.offset + starts[number]),
        length: UInt32(starts[number + 1] - starts[number]), topicHash: hash,
        unixMilliseconds: UInt64(unixMilliseconds), previousDistance: distance, flags: 0
      ).append(to: &index)
    }
  }

  private static func writeAll(
    _ bytes: [UInt8], to file: borrowing Descriptor, at offset: Int
  ) throws(SystemCallError) {
    var done = 0
    while done < bytes.count {
      done += try file.write(bytes.span.extracting(done...), at: offset + done)
    }
  }

  /// Takes back a write that did not fit.
  ///
  /// Where that fails too, the bytes stay behind the appended end, where no reader goes and the
  /// next appender cuts them.
  private func rollBack(
    _ segment: OpenSegment, textOffset: Int, indexOffset: Int
  ) throws(QueueError) {
    try? segment.text.truncate(to: textOffset)
    try? segment.index.truncate(to: indexOffset)
  }

  private static func isNoSpace(_ error: SystemCallError) -> Bool {
    [.noSpace, .diskQuotaExceeded, .fileTooLarge].contains(error.errno)
  }

  // MARK: - Outside the lock

  /// One sync covers every byte of the segment, whoever wrote it; what lies in older segments was
  /// synced when they were sealed.
  private func synchronize(upTo next: UInt64) throws(QueueError) {
    guard let segment, queue.tail.durableNext < next else { return }
    do {
      try segment.text.synchronizeData()
    } catch {
      throw fail(error)
    }
    try mapping { () throws(SystemCallError) in try queue.tail.raiseDurableEnd(to: next) }
  }

  /// After a failed write or sync the kernel forgets what it could not write: no later sync proves
  /// anything, so nobody appends any more until recovery has read the queue anew.
  private func fail(_ error: SystemCallError) -> QueueError {
    queue.tail.recordFailure()
    return .readOnly(reason: "\(error)")
  }
}
