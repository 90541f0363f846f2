import Kernel

/// The states of topics, found by the topic as it stands in a record's head: 24 bytes a topic, its name,
/// and 12 to 24 bytes to find it by.
struct TopicStateTable: Equatable, Sendable {
  private struct Entry {
    var state: TopicState
    let nameOffset: UInt32
    let nameByteCount: UInt32
  }

  private var entries: [Entry] = []
  private var names: [UInt8] = []
  /// Numbers of entries, from 1, each at its hash or the next place that was free; 0 where none is.
  ///
  /// Their count is a power of two. The upper half of a place is a part of the hash: who looks for a topic that
  /// is not there looks at nothing else.
  private var places: [UInt64] = []
  /// Topics that have ended.
  private(set) var endedCount = 0
  /// No event from this sequence on is hidden.
  private(set) var hiddenBefore: UInt64 = 0

  /// Topics that have a state.
  var count: Int { entries.count }
  var isEmpty: Bool { entries.isEmpty }

  /// A topic's state.
  ///
  /// - Parameter hash: ``Topic/hash64(_:)`` of it.
  func state(of encodedTopic: Span<UInt8>, hash: UInt64) -> TopicState {
    guard !entries.isEmpty, let number = number(of: encodedTopic, hash) else { return TopicState() }
    return entries[number].state
  }

  func state(of encodedTopic: Span<UInt8>) -> TopicState {
    if entries.isEmpty { return TopicState() }
    return state(of: encodedTopic, hash: Topic.hash64(encodedTopic))
  }

  /// Changes the state of a topic, which has one afterwards.
  mutating func change(_ encodedTopic: Span<UInt8>, _ body: (inout TopicState) -> Void) {
    let hash = Topic.hash64(encodedTopic)
    let number = number(of: encodedTopic, hash) ?? add(encodedTopic, hash)
    let hadEnded = entries[number].state.hasEnded
    body(&entries[number].state)
    let state = entries[number].state
    endedCount += (state.hasEnded ? 1 : 0) - (hadEnded ? 1 : 0)
    hiddenBefore = max(hiddenBefore, state.hiddenBefore)
  }

  /// Calls `body` for the topics that have a state from the how-manieth on, at most `countMaximum`; returns
  /// which one is next, nil where there is none.
  func forEach(
    from first: Int = 0, countMaximum: Int = .max, _ body: (Span<UInt8>, TopicState) -> Void
  ) -> Int? {
    let end = first + min(countMaximum, max(0, entries.count - first))
    for entry in entries[min(first, entries.count)..<end] {
      let start = Int(entry.nameOffset)
      body(names.span.extracting(start..<(start + Int(entry.nameByteCount))), entry.state)
    }
    return end < entries.count ? end : nil
  }

  /// What is still needed of it when all events before a sequence are gone: what is hidden among them is no
  /// more, but what has ended stays so, up to a number of topics, beyond which the oldest of these are
  /// forgotten.
  func kept(oldest: UInt64, endedCountMaximum: Int) -> (table: Self, forgottenCount: Int) {
    var goneEnds: [UInt64] = []
    if endedCount > endedCountMaximum {
      goneEnds = entries.map(\.state.endedAt).filter { $0 > 0 && $0 < oldest }.sorted()
    }
    let excess = min(max(0, endedCount - endedCountMaximum), goneEnds.count)
    let firstKept = excess > 0 ? goneEnds[excess - 1] + 1 : 0
    var table = Self()
    var forgottenCount = 0
    _ = forEach { topic, state in
      let isForgotten = state.hasEnded && state.endedAt < firstKept
      if isForgotten { forgottenCount += 1 }
      let end = isForgotten ? 0 : state.endedAt
      let hidden = state.hiddenBefore <= oldest ? 0 : state.hiddenBefore
      if end == 0, hidden == 0 { return }
      table.change(topic) {
        if hidden > 0 { $0.hide(before: hidden) }
        if end > 0 { $0.end(at: end) }
      }
    }
    return (table, forgottenCount)
  }

  /// Whether both have the same states of the same topics.
  static func == (one: Self, other: Self) -> Bool {
    var isSame = one.count == other.count
    _ = one.forEach { topic, state in isSame = isSame && other.state(of: topic) == state }
    return isSame
  }

  // MARK: - Places

  private func number(of encodedTopic: Span<UInt8>, _ hash: UInt64) -> Int? {
    if places.isEmpty { return nil }
    var place = Self.place(hash, of: places.count)
    while places[place] > 0 {
      guard places[place] >> 32 == hash >> 32 else {
        place = (place + 1) & (places.count - 1)
        continue
      }
      let entry = entries[Self.number(places[place])]
      let start = Int(entry.nameOffset)
      if Int(entry.nameByteCount) == encodedTopic.count,
        names.span.extracting(start..<(start + encodedTopic.count)).hasSameBytes(as: encodedTopic)
      {
        return Self.number(places[place])
      }
      place = (place + 1) & (places.count - 1)
    }
    return nil
  }

  private mutating func add(_ encodedTopic: Span<UInt8>, _ hash: UInt64) -> Int {
    if (entries.count + 1) * 3 > places.count * 2 { grow() }
    entries.append(
      Entry(
        state: TopicState(), nameOffset: UInt32(names.count),
        nameByteCount: UInt32(encodedTopic.count)))
    names.append(encodedTopic)
    take(hash, UInt64(entries.count))
    return entries.count - 1
  }

  private mutating func grow() {
    let count = max(16, places.count * 2)
    places = []
    let hashes = entries.map { entry in
      let start = Int(entry.nameOffset)
      return Topic.hash64(names.span.extracting(start..<(start + Int(entry.nameByteCount))))
    }
    places = [UInt64](repeating: 0, count: count)
    var number: UInt64 = 0
    for hash in hashes {
      number += 1
      take(hash, number)
    }
  }

  private mutating func take(_ hash: UInt64, _ number: UInt64) {
    var place = Self.place(hash, of: places.count)
    while places[place] > 0 { place = (place + 1) & (places.count - 1) }
    places[place] = (hash & ~0xFFFF_FFFF) | number
  }

  private static func number(_ place: UInt64) -> Int { Int(place & 0xFFFF_FFFF) - 1 }

  /// The highest bits of a product, in which all bits of the hash have a part.
  private static func place(_ hash: UInt64, of count: Int) -> Int {
    let mixed = hash &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> UInt64(64 - count.trailingZeroBitCount))
  }
}
