/// A search for the last events of some topics, from an end of the queue backwards: what it takes is in
/// proportion to what is looked for, not to what is kept.
///
/// A value; its owner has a ``QueueReader`` make one short step after the other.
public struct LastSearch: Sendable {
  /// A topic or a pattern, of each of which the last events are looked for.
  struct Part {
    let filter: TopicFilter
    let wanted: WantedEvents
    var missingCount: Int
  }

  /// Events in a row that are read forwards, of which the last ones count.
  struct Stretch {
    var cursor: Cursor
    let first: UInt64
    /// What each part has found.
    var sequences: [[UInt64]]
  }

  private(set) var parts: [Part]
  private var sequences: Set<UInt64> = []
  /// The segments that are left, the last one is looked at.
  var segments: [SegmentName]
  /// The first event that has been looked at.
  var end: UInt64
  var stretch: Stretch?
  /// The next stretch in which nothing else can tell where the events are.
  var stretchEventCount = UInt64(QueueLimits.plainReadEventCountMaximum)
  /// Whether the events are found, as many as there are.
  public internal(set) var isDone = false
  /// Damage that was met: events that may be missing.
  public internal(set) var gap: QueueGap?

  /// A search for the last `count` events before `end` of each topic, and of what each pattern takes.
  ///
  /// - Parameter segments: those of the queue, in their order.
  init(
    _ filter: TopicFilter, count: Int, before end: UInt64, in queue: Queue,
    _ segments: [SegmentName]
  ) {
    parts = filter.parts.map {
      Part(filter: $0, wanted: WantedEvents($0, in: queue), missingCount: count)
    }
    self.segments = segments.filter { $0.first < end }
    self.end = end
  }

  /// The events that were found, in their order.
  public var found: [UInt64] { sequences.sorted() }

  /// Whether no part misses any more.
  var isComplete: Bool { parts.allSatisfy { $0.missingCount == 0 } }

  /// The parts that miss some.
  var openParts: [TopicFilter] {
    parts.compactMap { $0.missingCount > 0 ? $0.filter : nil }
  }

  /// Notes an event that is before all that were noted.
  mutating func note(_ record: RecordLayout, _ bytes: Span<UInt8>) {
    for index in parts.indices
    where parts[index].missingCount > 0 && parts[index].wanted.has(record, bytes) {
      parts[index].missingCount -= 1
      sequences.insert(record.sequence)
    }
  }

  /// Notes the events of the stretch, which ends.
  mutating func endStretch() {
    guard let stretch else { return }
    for index in parts.indices {
      let last = stretch.sequences[index].suffix(parts[index].missingCount)
      parts[index].missingCount -= last.count
      sequences.formUnion(last)
    }
    end = stretch.first
    stretchEventCount = min(stretchEventCount * 2, UInt64(QueueLimits.indexChunkEntryCount))
    self.stretch = nil
  }
}

extension LastSearch.Stretch {
  /// Notes an event that is behind all that were noted.
  mutating func note(_ record: RecordLayout, _ bytes: Span<UInt8>, _ parts: [LastSearch.Part]) {
    for (index, part) in zip(parts.indices, parts)
    where part.missingCount > 0 && part.wanted.has(record, bytes) {
      sequences[index].append(record.sequence)
      // The last ones count; the others are dropped, a few at a time.
      if sequences[index].count >= 2 * part.missingCount {
        sequences[index].removeFirst(sequences[index].count - part.missingCount)
      }
    }
  }
}
