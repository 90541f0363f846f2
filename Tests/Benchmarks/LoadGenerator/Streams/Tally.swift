/// What all streams together have shown.
struct Tally {
  /// Tells this run's events from others.
  let stamp: Stamp
  private let dialect: Dialect
  /// Events of this run, those that came again among them.
  private(set) var deliveredCount = 0
  /// Events that a stream showed a second time.
  private(set) var duplicateCount = 0
  /// Events that came after a younger one.
  private(set) var lateCount = 0
  /// Events whose number differs from what another stream showed under the same id, or that had no
  /// id, or whose number was under another id before.
  private(set) var wrongCount = 0
  /// Gap events: what the hub says instead of events that it no longer has.
  var gapCount = 0
  /// From the moment an event was due until a stream's bytes were read.
  private(set) var latency = Histogram()

  /// By number: the event's key, which ascends in the order of events; `.max` before it is known.
  ///
  /// That is the sequence in its id, or how many others were seen before it on any stream.
  private var keys: [UInt64]
  private var rankNext: UInt64 = 0
  private var memory = BlockMemory()

  /// A tally of `eventCount` events.
  init(stamp: Stamp, dialect: Dialect, eventCount: Int) {
    self.stamp = stamp
    self.dialect = dialect
    keys = [UInt64](repeating: .max, count: eventCount)
  }

  /// Takes the block at `start` of `text` where it is what another stream has shown and this one is
  /// to show next; returns its length.
  @inline(__always)
  mutating func addExpected(
    _ text: Span<UInt8>, at start: Int, now: Int64, to track: inout SequenceTrack
  ) -> Int? {
    guard let block = memory.recall(track.next, text, at: start) else { return nil }
    deliveredCount += 1
    latency.record(now - block.nanoseconds)
    _ = track.note(track.next)
    return block.byteCount
  }

  /// Takes an event of this run that a stream has shown as the block in `range` of `text`.
  mutating func add(
    sequence: UInt64?, number: Int, nanoseconds: Int64, now: Int64, to track: inout SequenceTrack,
    _ text: Span<UInt8>, _ range: Range<Int>
  ) {
    deliveredCount += 1
    latency.record(now - nanoseconds)
    guard number < keys.count, let key = key(of: number, sequence: sequence) else {
      wrongCount += 1
      return
    }
    switch track.note(key) {
    case .inOrder: break
    case .late: lateCount += 1
    case .again: duplicateCount += 1
    }
    if keys[number] != key {
      wrongCount += 1
    } else {
      memory.keep(key, text, range, nanoseconds: nanoseconds)
    }
  }

  /// The event's key, which is noted where this is the first stream to show it.
  @inline(__always)
  private mutating func key(of number: Int, sequence: UInt64?) -> UInt64? {
    switch dialect {
    case .weir:
      guard let sequence else { return nil }
      if keys[number] == .max { keys[number] = sequence }
      return sequence
    case .plain, .pushpin:
      if keys[number] == .max {
        keys[number] = rankNext
        rankNext += 1
      }
      return keys[number]
    }
  }

  /// The keys of the acknowledged events, ascending.
  ///
  /// An event that no stream has shown has no rank: it gets one that none can have seen.
  func keys(of published: PublishTally, where isWanted: (Int) -> Bool = { _ in true }) -> [UInt64] {
    switch dialect {
    case .weir:
      return published.events.filter { isWanted($0.number) }.map(\.sequence).sorted()
    case .plain, .pushpin:
      return published.events.filter { isWanted($0.number) }.map { keys[$0.number] }.sorted()
    }
  }
}
