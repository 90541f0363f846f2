import Kernel

/// Finding the last events of topics, and reading events that are known by their numbers.
extension QueueReader {
  /// A search for the last `count` events before `end` of each topic of a filter, and of what each of its
  /// patterns takes.
  public mutating func search(
    lastOf filter: TopicFilter, count: Int, before end: UInt64
  ) throws(QueueError) -> LastSearch {
    LastSearch(
      filter, count: count, before: min(end, queue.durableNext), in: queue,
      try queue.directory.segments())
  }

  /// Goes on with a search until it is done or has read about ``QueueLimits/chunkByteCount``.
  ///
  /// - Parameter wants: whether an event counts.
  public mutating func step(
    _ search: inout LastSearch, wants: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) {
    if search.stretch != nil { return try readStretch(&search, wants) }
    guard !search.isComplete, let segment = search.segments.last else {
      search.isDone = true
      return
    }
    // A segment that is not there any more has no events.
    guard search.end > segment.first, let file = try openIfThere(segment) else {
      search.segments.removeLast()
      search.end = min(search.end, segment.first)
      return
    }
    if file.isIndexWrong || search.end > segment.limit {
      return try beginStretch(&search, from: segment.first)
    }
    if let next = try sealedNext(of: segment, file),
      let table = try mapping({ [queue, soundTables] () throws(SystemCallError) in
        try file.topicTable(of: segment, in: queue.directory, next: next, soundTables)
      })
    {
      try take(from: table, of: segment, file, &search, wants)
    } else {
      try take(fromIndexOf: segment, file, &search, wants)
    }
  }

  // MARK: - By a segment's table

  private mutating func take(
    from table: TopicTable, of segment: SegmentName, _ file: SegmentFile,
    _ search: inout LastSearch,
    _ wants: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) {
    let end = UInt32(search.end - segment.first)
    var numbers: [UInt32] = []
    // From here on all are among the numbers.
    var first: UInt32 = 0
    for part in search.parts where part.missingCount > 0 {
      let count = min(part.missingCount, QueueLimits.lastEventCountPerStep)
      let last: [UInt32]
      if part.filter.patterns.isEmpty {
        last = try mapping { () throws(SystemCallError) in
          try table.last(count, of: part.filter, before: end)
        }
      } else {
        guard let next = file.sealedNext,
          case .sparse(let all) = try matches(of: part.filter, in: segment, file, next: next)
        else { return try beginStretch(&search, in: segment) }
        last = Array(all[..<all.partitioningIndex { $0 >= end }].suffix(count))
      }
      if last.count == count, let least = last.first { first = max(first, least) }
      numbers += last
    }
    numbers.sort()
    var before = UInt32.max
    var byteCount = 0
    for number in numbers.reversed() where number >= first && number < before {
      before = number
      let entry = try mapping { () throws(SystemCallError) in
        try file.entries(from: segment.first + UInt64(number), of: segment, count: 1).first
      }
      guard byteCount < QueueLimits.chunkByteCount, !search.isComplete,
        let read = try look(at: number, entry, in: segment, file, &search, wants)
      else { return }
      byteCount += read
    }
    search.end = min(search.end, segment.first + UInt64(first))
  }

  // MARK: - By a segment's index

  private mutating func take(
    fromIndexOf segment: SegmentName, _ file: SegmentFile, _ search: inout LastSearch,
    _ wants: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) {
    let open = search.openParts
    // The index knows topics by their hash, and of patterns nothing.
    guard open.allSatisfy({ $0.patterns.isEmpty }) else {
      return try beginStretch(&search, in: segment)
    }
    let hashes = open.flatMap(\.topics).map(\.hash64)
    let end = search.end - segment.first
    let wanted = Int(min(end, UInt64(QueueLimits.indexChunkEntryCount)))
    let first = end - UInt64(wanted)
    let bytes = try mapping { () throws(SystemCallError) in
      try file.indexBytes(from: segment.first + first, of: segment, count: wanted)
    }
    guard bytes.count == wanted * IndexEntry.byteCount,
      let places = IndexEntry.places(of: hashes, in: bytes.span)
    else { return try beginStretch(&search, from: segment.first) }
    var byteCount = 0
    for index in places.indices.reversed() {
      let place = places[index]
      let entry = IndexEntry(bytes.span, at: place * IndexEntry.byteCount)
      guard byteCount < QueueLimits.chunkByteCount, !search.isComplete,
        let read = try look(
          at: UInt32(first) + UInt32(place), entry, in: segment, file, &search, wants)
      else { return }
      byteCount += read
    }
    search.end = segment.first + first
  }

  /// Looks at one event; returns the bytes read, and nil where the index is wrong.
  private mutating func look(
    at number: UInt32, _ entry: IndexEntry?, in segment: SegmentName, _ file: SegmentFile,
    _ search: inout LastSearch, _ wants: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) -> Int? {
    let sequence = segment.first + UInt64(number)
    guard let entry,
      let layout = try mapping({ () throws(SystemCallError) in
        try loadRecord(sequence, at: entry, file)
      })
    else {
      file.isIndexWrong = true
      return nil
    }
    if wants(layout, chunk.span) { search.note(layout, chunk.span) }
    search.end = sequence
    return layout.byteCount
  }

  // MARK: - By the text

  private mutating func beginStretch(
    _ search: inout LastSearch, in segment: SegmentName
  ) throws(QueueError) {
    let count = min(search.end - segment.first, search.stretchEventCount)
    try beginStretch(&search, from: search.end - count)
  }

  private mutating func beginStretch(
    _ search: inout LastSearch, from first: UInt64
  ) throws(QueueError) {
    search.stretch = LastSearch.Stretch(
      cursor: try cursor(at: first), first: first,
      sequences: search.parts.map { _ in [] })
  }

  private mutating func readStretch(
    _ search: inout LastSearch, _ wants: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) {
    guard var stretch = search.stretch else { return }
    let parts = search.parts
    var cursor = stretch.cursor
    let outcome = try read(
      from: &cursor, upTo: search.end, byteCountMaximum: QueueLimits.chunkByteCount
    ) { record, bytes in
      if wants(record, bytes) { stretch.note(record, bytes, parts) }
    }
    stretch.cursor = cursor
    search.stretch = stretch
    switch outcome {
    case .more: break
    case .gap(let gap): if gap.reason == .damaged { search.gap = search.gap ?? gap }
    case .caughtUp: search.endStretch()
    }
  }

  // MARK: - Events by their numbers

  /// Hands out events by their sequences, in their order; those that are not there any more are passed over.
  ///
  /// - Parameters:
  ///   - byteCountMaximum: of records; at least one is handed out if there is one.
  ///   - visit: gets each record and the bytes in which its parts lie, for the time of the call; returns
  ///     whether to go on.
  /// - Returns: how many of the sequences were looked at.
  public mutating func read(
    _ sequences: ArraySlice<UInt64>, byteCountMaximum: Int,
    _ visit: (RecordLayout, Span<UInt8>) -> Bool
  ) throws(QueueError) -> Int {
    let segments = try queue.directory.segments()
    var count = 0
    var byteCount = 0
    for sequence in sequences where byteCount < byteCountMaximum {
      count += 1
      guard let segment = segments.last(where: { $0.first <= sequence }),
        let file = try openIfThere(segment)
      else { continue }
      var goesOn = true
      if let layout = try mapping({ () throws(SystemCallError) -> RecordLayout? in
        guard let entry = try file.entries(from: sequence, of: segment, count: 1).first else {
          return nil
        }
        return try loadRecord(sequence, at: entry, file)
      }) {
        byteCount += layout.byteCount
        goesOn = visit(layout, chunk.span)
      } else {
        var cursor = try self.cursor(at: sequence)
        guard cursor.sequence == sequence else { continue }
        _ = try read(from: &cursor, upTo: sequence + 1, byteCountMaximum: 1) { record, bytes in
          byteCount += record.byteCount
          goesOn = visit(record, bytes)
        }
      }
      if !goesOn { break }
    }
    return count
  }
}
