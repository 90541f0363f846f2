import Kernel

/// How an appender ends and deletes topics; belongs to it, and works under the queue's lock.
///
/// The record of an event that ends a topic is the truth. The line in the file `topics` is for those who
/// use the queue meanwhile; what a power cut takes of it is found in the text.
struct TopicStateWriter {
  private let queue: Queue
  /// Topics that end with the batch that is being rendered.
  private var ending = TopicStateTable()
  private var lines: [UInt8] = []
  private var lineCount = 0
  private var refuses = false

  init(_ queue: Queue) {
    self.queue = queue
  }

  private var states: TopicStates { queue.topicStates }

  // MARK: - Before a batch

  /// Takes in what other appenders have noted, and notes the ends that one has not got to before it died.
  ///
  /// - Parameter end: the appended end; behind it there is nothing in the segment.
  mutating func catchUp(to end: Tail.AppendedEnd) throws(QueueError) {
    try states.follow(queue.tail)
    try nameNewer()
    if states.isFileWrong, states.log == nil { try begin() }
    let known = queue.tail.topicsNext
    if known != end.next, known > 0, known < end.next { try noteEnds(from: known, to: end) }
    beginBatch()
  }

  private mutating func noteEnds(from known: UInt64, to end: Tail.AppendedEnd) throws(QueueError) {
    beginBatch()
    let found = try TopicStateRecovery.ends(
      in: queue.directory, epochs: queue.epochs, from: known, to: end.next)
    for (topic, sequence) in found { note(topic.span, endsAt: sequence) }
    try write()
    publish(next: end.next)
  }

  /// Forgets what was noted for a batch, which is rendered anew.
  mutating func beginBatch() {
    refuses = !states.isEmpty
    if lines.isEmpty { return }
    ending = TopicStateTable()
    lines.removeAll(keepingCapacity: true)
    lineCount = 0
  }

  // MARK: - A batch

  /// Why an event cannot be appended; nil where it can.
  func refusal(of event: PendingEvent) -> QueueError? {
    guard refuses else { return nil }
    return event.refusal { topic, hash in
      states.state(of: topic, hash: hash).hasEnded || ending.state(of: topic, hash: hash).hasEnded
    }
  }

  /// Notes that an event ends its topics.
  mutating func note(_ event: PendingEvent, endsAt sequence: UInt64) {
    guard event.isEnd else { return }
    event.forEachTopic { topic, _ in note(topic, endsAt: sequence) }
  }

  private mutating func note(_ topic: Span<UInt8>, endsAt sequence: UInt64) {
    ending.change(topic) { $0.end(at: sequence) }
    add(.end(sequence), topic)
    refuses = true
  }

  private mutating func add(_ line: TopicLog.Line, _ topic: Span<UInt8>) {
    TopicLog.append(line, topic, to: &lines)
    lineCount += 1
  }

  /// Writes what was noted into the log, where nobody reads it before ``publish(next:)``.
  ///
  /// - Throws: `full`, `deleted`, `system`; nothing is noted then.
  func write() throws(QueueError) {
    if lines.isEmpty { return }
    if states.log == nil { try begin() }
    var status = try mapping { () throws(SystemCallError) in try states.log?.file.status() }
    if status?.linkCount == 0 {
      try goOnWithNewer()
      status = try mapping { () throws(SystemCallError) in try states.log?.file.status() }
    }
    guard let log = states.log, let place = states.place, let status else { return }
    do throws(SystemCallError) {
      // Of an appender that died.
      if status.byteCount > place.byteCount { try log.file.truncate(to: place.byteCount) }
      try log.file.writeAll(lines.span, at: place.byteCount)
    } catch {
      try? log.file.truncate(to: place.byteCount)
      throw error.asQueueError
    }
  }

  /// Has all see what was written.
  ///
  /// - Parameter next: the appended end.
  func publish(next: UInt64) {
    if let log = states.log, let place = states.place, !lines.isEmpty {
      let cell = TopicLogPlace(
        generation: log.generation, byteCount: place.byteCount + lines.count
      ).cell
      queue.tail.setTopics(next: next, logCell: cell)
      // It stands in the page cache.
      states.look(queue.tail)
    } else {
      queue.tail.setTopics(next: next, logCell: nil)
    }
  }

  // MARK: - The log

  /// Makes the log, with all that is known.
  private func begin() throws(QueueError) {
    try TopicLogFile.make(states.contents.table, of: queue)
  }

  /// Goes on with the file that has taken the place of the one that is open, whose writer died before the
  /// page named it.
  ///
  /// - Throws: `deleted` where there is none; `damaged`, `system`.
  func goOnWithNewer() throws(QueueError) {
    try states.goOnWithNewer(queue.tail)
    try nameNewer()
  }

  /// Has the page name the file that is known, where that is newer.
  private func nameNewer() throws(QueueError) {
    let cell = queue.tail.topicLogCell
    guard let place = states.place, place.cell != cell,
      place.generation > TopicLogPlace(cell: cell)?.generation ?? 0
    else { return }
    // A power cut is not to bring back the earlier file, without what is appended to this one.
    try mapping { () throws(SystemCallError) in try queue.directory.synchronize() }
    queue.tail.setTopics(logCell: place.cell)
  }

  /// Notes, where a segment is sealed, that the ends in it and before stand in the log.
  ///
  /// - Parameter end: the appended end; what is before it is on disk.
  /// - Throws: what a disk throws that is broken.
  mutating func seal(at end: Tail.AppendedEnd) throws(SystemCallError) {
    guard let log = states.log else { return }
    try log.file.synchronizeData()
    beginBatch()
    lines = []
    TopicLog.append(.seen(end.next), to: &lines)
    lineCount = 1
    do throws(QueueError) {
      try write()
      publish(next: end.next)
    } catch {
      // For want of room who opens the queue has more text to look through.
      if case .system(let call) = error, call.isOfBrokenDisk { throw call }
    }
    beginBatch()
  }

  /// Notes that topics are deleted.
  mutating func hide(_ topics: [Topic], before next: UInt64) throws(QueueError) {
    beginBatch()
    for topic in topics { add(.hide(next), topic.encoded.span) }
    try write()
    publish(next: next)
    beginBatch()
  }
}

extension PendingEvent {
  /// Why it cannot be published where some topics have ended; nil where it has none of these.
  func refusal(where hasEnded: (Span<UInt8>, UInt64) -> Bool) -> QueueError? {
    var refusal: QueueError?
    forEachTopic { topic, hash in
      guard refusal == nil, hasEnded(topic, hash) else { return }
      refusal = .topicEnded(topic: Topic(encoded: topic)?.text ?? "")
    }
    return refusal
  }

  /// Calls `body` for each topic, as it stands in the head, with ``Topic/hash64(_:)`` of it.
  func forEachTopic(_ body: (Span<UInt8>, UInt64) -> Void) {
    let bytes = content.span
    var end = Self.end(of: bytes, from: 0)
    let topic = bytes.extracting(0..<end)
    guard topicHash == IndexEntry.severalTopics else { return body(topic, topicHash) }
    body(topic, Topic.hash64(topic))
    let name = RecordAttribute.also
    while bytes[end] == UInt8(ascii: " ") {
      let start = end
      end = Self.end(of: bytes, from: start + 1)
      let value = min(start + name.count, end)..<end
      guard bytes.extracting(start..<value.lowerBound).hasSameBytes(as: name.span) else { continue }
      let topic = bytes.extracting(value)
      body(topic, Topic.hash64(topic))
    }
  }

  /// Where a word of the head ends.
  private static func end(of bytes: Span<UInt8>, from start: Int) -> Int {
    var end = start
    while bytes[end] != UInt8(ascii: " "), bytes[end] != UInt8(ascii: "\n") { end += 1 }
    return end
  }
}
