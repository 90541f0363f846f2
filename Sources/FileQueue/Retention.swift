/// How much of the past a queue keeps; whole segments are removed, the oldest first.
public struct Retention: Hashable, Sendable {
  /// Bytes of all segments and what is derived from them; nil for no limit.
  public var byteCountMaximum: Int?
  /// The age of the newest event of a segment that is kept; nil for no limit.
  public var ageMaximum: Duration?
  /// Events; nil for no limit.
  public var eventCountMaximum: Int?

  /// 1 GiB and 7 days.
  public static let standard = Retention(
    byteCountMaximum: 1 << 30, ageMaximum: .seconds(7 * 24 * 3600), eventCountMaximum: nil)

  /// The limits; nil for none.
  public init(byteCountMaximum: Int?, ageMaximum: Duration?, eventCountMaximum: Int?) {
    self.byteCountMaximum = byteCountMaximum
    self.ageMaximum = ageMaximum
    self.eventCountMaximum = eventCountMaximum
  }

  /// A segment, as far as retention asks.
  struct Segment: Hashable {
    let byteCount: Int
    let eventCount: Int
    /// The publish times of its first and its last event, in milliseconds since 1970.
    let times: ClosedRange<Int64>
  }

  /// How many of the oldest segments are removed; never the last one, which is appended to.
  func removableCount(_ segments: [Segment], now: Int64) -> Int {
    var byteCount = segments.reduce(0) { $0 + $1.byteCount }
    var eventCount = segments.reduce(0) { $0 + $1.eventCount }
    var count = 0
    for segment in segments.dropLast() {
      let isTooMuch =
        byteCount > byteCountMaximum ?? .max || eventCount > eventCountMaximum ?? .max
      guard isTooMuch || isTooOld(segment.times.upperBound, now: now) else { break }
      byteCount -= segment.byteCount
      eventCount -= segment.eventCount
      count += 1
    }
    return count
  }

  /// Whether the last segment is to be sealed: it holds so much of what may be kept that removing it
  /// as a whole later would remove too much, or keep too much until then.
  func wantsSealed(_ last: Segment, now: Int64) -> Bool {
    guard last.eventCount > 0 else { return false }
    let share = 8
    if let byteCountMaximum, last.byteCount > byteCountMaximum / share { return true }
    if let eventCountMaximum, last.eventCount > eventCountMaximum / share { return true }
    guard let ageMaximum else { return false }
    return now - last.times.lowerBound > ageMaximum.wholeMilliseconds / Int64(share)
  }

  private func isTooOld(_ time: Int64, now: Int64) -> Bool {
    guard let ageMaximum else { return false }
    return now - time > ageMaximum.wholeMilliseconds
  }
}
