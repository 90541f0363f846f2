import Kernel

/// Looks up what a queue holds of its topics; belongs to one thread, which it takes a while.
///
/// Sealed segments are read by their tables and indexes, the last one by its text; in memory there is one
/// segment's at a time.
public struct TopicListing: ~Copyable {
  private let queue: Queue
  private var reader: QueueReader
  private let soundTables = SoundTables()

  /// A listing of a queue's topics.
  public init(_ queue: Queue) {
    self.queue = queue
    reader = QueueReader(queue)
  }

  /// The topics that are asked for, up to the durable end.
  public mutating func page(_ query: TopicQuery) throws(QueueError) -> TopicPage {
    let next = queue.durableNext
    queue.topicStates.look(queue.tail)
    let minute = Clock.unixMilliseconds() - 60_000
    let recent: UInt64 =
      switch try reader.place(since: minute) {
      case .end(let sequence), .event(let sequence): sequence
      case .removed: 0
      }
    var tally = TopicTally(query, queue.topicStates)
    let segments = try queue.directory.segments().filter { $0.first < next }
    for (place, segment) in segments.enumerated() {
      let follower = place + 1 < segments.count ? segments[place + 1].first : nil
      if let follower, try add(segment, upTo: follower, recent, to: &tally) { continue }
      try addText(segment, upTo: follower ?? next, recent, to: &tally)
    }
    addEnds(before: next, to: &tally)
    reader.closeSegments(except: Cursor(before: next))
    return tally.page()
  }

  /// A topic; nil where nothing is there of it.
  public mutating func figures(of topic: Topic) throws(QueueError) -> TopicFigures? {
    let filter = try TopicFilter([topic.text])
    return try page(TopicQuery(filter: filter, countMaximum: 1)).topics.first
  }

  /// Adds what a sealed segment has, by its table; returns false where there is none.
  private func add(
    _ segment: SegmentName, upTo next: UInt64, _ recent: UInt64, to tally: inout TopicTally
  ) throws(QueueError) -> Bool {
    let directory = queue.directory
    do throws(SystemCallError) {
      guard let table = try TopicTable.open(segment, in: directory, next: next) else {
        return false
      }
      var entries: [UInt8] = []
      try table.forEachTopic { (topic, numbers) throws(SystemCallError) in
        guard tally.takes(topic) else { return }
        if entries.isEmpty { entries = try index(of: segment, upTo: next) }
        let firstSeen = tally.firstSeen(of: topic)
        var (newest, eventCount, byteCount, lastMinuteCount) = (UInt64(0), 0, 0, 0)
        for place in stride(from: 0, to: numbers.count, by: 4) {
          let number = numbers.littleEndian32(at: place)
          let sequence = segment.first + UInt64(number)
          guard sequence >= firstSeen, Int(number + 1) * IndexEntry.byteCount <= entries.count
          else { continue }
          newest = sequence
          eventCount += 1
          byteCount += Int(IndexEntry(entries.span, at: Int(number) * IndexEntry.byteCount).length)
          lastMinuteCount += sequence >= recent ? 1 : 0
        }
        guard eventCount > 0 else { return }
        tally.add(
          topic, newest: newest, eventCount: eventCount, byteCount: byteCount,
          lastMinuteCount: lastMinuteCount)
      }
      return true
    } catch {
      if error.errno == .noSuchFileOrDirectory { return false }
      throw .system(error)
    }
  }

  private func index(
    of segment: SegmentName, upTo next: UInt64
  ) throws(SystemCallError) -> [UInt8] {
    let index = try Descriptor.open(queue.directory.indexPath(segment), .readOnly)
    var entries = [UInt8](repeating: 0, count: IndexEntry.byteCount(of: segment, upTo: next))
    var span = entries.mutableSpan
    _ = try index.read(at: 0, into: &span)
    return entries
  }

  /// Adds what a segment has by its text.
  private mutating func addText(
    _ segment: SegmentName, upTo next: UInt64, _ recent: UInt64, to tally: inout TopicTally
  ) throws(QueueError) {
    var cursor = Cursor(sequence: segment.first, segment: segment, offset: 0)
    while cursor.sequence < next {
      let outcome = try reader.read(
        from: &cursor, upTo: next, byteCountMaximum: QueueLimits.copyChunkByteCount
      ) { record, bytes in
        record.forEachTopic(in: bytes) { topic in
          guard tally.takes(topic), record.sequence >= tally.firstSeen(of: topic) else { return }
          tally.add(
            topic, newest: record.sequence, eventCount: 1, byteCount: record.byteCount,
            lastMinuteCount: record.sequence >= recent ? 1 : 0)
        }
      }
      if case .caughtUp = outcome { return }
    }
  }

  /// Notes which topics have ended, also those whose events are gone.
  private func addEnds(before next: UInt64, to tally: inout TopicTally) {
    var place: Int? = 0
    while let first = place {
      place = queue.topicStates.withTable { table in
        table.forEach(from: first, countMaximum: QueueLimits.topicStatesAtOnceCount) {
          topic, state in
          if state.hasEnded, state.endedAt < next, tally.takes(topic) {
            tally.addEnd(topic, at: state.endedAt)
          }
        }
      }
    }
  }
}
