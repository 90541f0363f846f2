import Kernel

/// Reading the events of some topics, at a cost in proportion to them.
extension QueueReader {
  /// Hands out the records that `filter` wants from `cursor` on, and moves it behind them.
  ///
  /// - Parameters:
  ///   - limit: the sequence to stop before; the durable end where that comes first.
  ///   - byteCountMaximum: of text and index that is read; at least one record is handed out if there is one.
  ///   - visit: gets each record and the bytes in which its parts lie, for the time of the call.
  public mutating func read(
    from cursor: inout Cursor, upTo limit: UInt64 = .max, matching filter: TopicFilter,
    byteCountMaximum: Int, _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) throws(QueueError) -> ReadOutcome {
    let end = min(queue.durableNext, limit)
    let wanted = WantedEvents(filter, in: queue)
    var byteCount = 0
    while cursor.sequence < end {
      guard byteCount < byteCountMaximum else { return .more }
      switch try nextStretch(from: cursor, upTo: end, filter) {
      case .plain(let stop):
        let start = cursor
        let outcome = try read(
          from: &cursor, upTo: stop, byteCountMaximum: byteCountMaximum - byteCount
        ) { record, bytes in
          if wanted.has(record, bytes) { visit(record, bytes) }
        }
        guard case .caughtUp = outcome else { return outcome }
        byteCount += max(0, cursor.offset - start.offset)
      case .matches(let numbers, let stop, let indexByteCount):
        byteCount += try visitMatches(
          numbers, stop: stop, from: &cursor, wanted,
          byteCountMaximum: byteCountMaximum - byteCount, visit)
        byteCount += indexByteCount
      }
    }
    return .caughtUp
  }

  /// How the events from a cursor on are best read.
  private enum Stretch {
    /// One after the other, up to a sequence.
    case plain(stop: UInt64)
    /// These, by their numbers in the segment; there are no others before `stop`.
    case matches([UInt32], stop: UInt64, indexByteCount: Int)
  }

  private mutating func nextStretch(
    from cursor: Cursor, upTo end: UInt64, _ filter: TopicFilter
  ) throws(QueueError) -> Stretch {
    let segment = cursor.segment
    guard let file = try openIfThere(segment), !file.isIndexWrong else { return .plain(stop: end) }
    let sealedNext = try sealedNext(of: segment, file)
    let segmentEnd = min(end, sealedNext ?? end)
    // A cursor behind the last event of its segment: the plain way goes to the next one.
    guard cursor.sequence < segmentEnd else { return .plain(stop: end) }
    let soon = cursor.sequence + UInt64(QueueLimits.plainReadEventCountMaximum)
    guard soon < segmentEnd else { return .plain(stop: segmentEnd) }
    if let sealedNext,
      case .sparse(let numbers) = try matches(of: filter, in: segment, file, next: sealedNext)
    {
      let first = numbers.partitioningIndex { segment.first + UInt64($0) >= cursor.sequence }
      let last = numbers.partitioningIndex { segment.first + UInt64($0) >= segmentEnd }
      return .matches(
        Array(numbers[first..<last]), stop: segmentEnd,
        indexByteCount: QueueLimits.tableLookUpByteCount)
    }
    guard filter.patterns.isEmpty, sealedNext == nil else { return .plain(stop: segmentEnd) }
    return try searchIndex(from: cursor, upTo: segmentEnd, file, filter)
  }

  /// Where the next segment begins; nil while this one may still grow.
  func sealedNext(
    of segment: SegmentName, _ file: SegmentFile
  ) throws(QueueError) -> UInt64? {
    if let known = file.sealedNext { return known }
    guard let end = queue.tail.observedEnd(), end.segment > segment else { return nil }
    let next = try queue.directory.segments().first { $0 > segment }?.first
    file.sealedNext = next
    return next
  }

  mutating func matches(
    of filter: TopicFilter, in segment: SegmentName, _ file: SegmentFile, next: UInt64
  ) throws(QueueError) -> MatchLists.Matches? {
    let directory = queue.directory
    let soundTables = soundTables
    return try matchLists.matches(of: filter, in: segment) { () throws(QueueError) in
      try mapping { () throws(SystemCallError) in
        guard let table = try file.topicTable(of: segment, in: directory, next: next, soundTables)
        else { return nil }
        let numbers = try table.matches(
          filter, countMaximum: table.eventCount / QueueLimits.sparseMatchDivisor)
        return numbers.map { .sparse($0) } ?? .dense
      }
    }
  }

  /// Looks for matches in the next part of the index of a segment that has no table.
  private func searchIndex(
    from cursor: Cursor, upTo end: UInt64, _ file: SegmentFile, _ filter: TopicFilter
  ) throws(QueueError) -> Stretch {
    let wanted = Int(min(end - cursor.sequence, UInt64(QueueLimits.indexChunkEntryCount)))
    let stop = cursor.sequence + UInt64(wanted)
    let entries = try mapping { () throws(SystemCallError) in
      try file.entries(from: cursor.sequence, of: cursor.segment, count: wanted)
    }
    let hashes = filter.topics.map(\.hash64)
    var numbers: [UInt32] = []
    guard let firstNumber = UInt32(exactly: cursor.sequence - cursor.segment.first),
      firstNumber < UInt32(QueueLimits.segmentEventCountMaximum)
    else { return .plain(stop: stop) }
    for (place, entry) in entries.enumerated() {
      if entry.length == 0 { return .plain(stop: stop) }
      if hashes.contains(entry.topicHash) || entry.topicHash == IndexEntry.severalTopics {
        numbers.append(firstNumber + UInt32(place))
      }
    }
    guard entries.count == wanted, numbers.count <= wanted / QueueLimits.sparseMatchDivisor else {
      return .plain(stop: stop)
    }
    return .matches(
      numbers, stop: stop, indexByteCount: entries.count * IndexEntry.byteCount)
  }

  /// Looks events up one by one and moves the cursor behind them; returns the bytes read.
  private mutating func visitMatches(
    _ numbers: [UInt32], stop: UInt64, from cursor: inout Cursor, _ wanted: WantedEvents,
    byteCountMaximum: Int, _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) throws(QueueError) -> Int {
    let segment = cursor.segment
    var byteCount = 0
    for number in numbers {
      guard byteCount < byteCountMaximum else { return byteCount }
      let sequence = segment.first + UInt64(number)
      guard let file = try openIfThere(segment),
        let entry = try mapping({ () throws(SystemCallError) in
          try file.entries(from: sequence, of: segment, count: 1).first
        }),
        let layout = try mapping({ () throws(SystemCallError) in
          try loadRecord(sequence, at: entry, file)
        })
      else {
        files[segment]?.isIndexWrong = true
        return byteCount
      }
      if wanted.has(layout, chunk.span) { visit(layout, chunk.span) }
      cursor.sequence = sequence + 1
      cursor.offset = Int(entry.offset) + Int(entry.length)
      byteCount += layout.byteCount
    }
    if files[segment]?.sealedNext == stop {
      cursor = Cursor(sequence: stop, segment: SegmentName(first: stop), offset: 0)
    } else {
      let found = try self.cursor(at: stop)
      cursor = found.sequence == stop ? found : Cursor(before: stop)
    }
    return byteCount
  }
}

extension Array {
  /// The first place from which on `belongsBehind` holds; the array is sorted by it.
  func partitioningIndex(_ belongsBehind: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongsBehind(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
