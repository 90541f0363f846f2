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

  /// A segment holds at most this part of what is kept, so that no more is removed at once.
  private static let segmentShare = 8

  /// Bytes that a segment may grow to.
  var segmentByteCountMaximum: Int {
    min(
      (byteCountMaximum ?? .max) / Self.segmentShare, QueueLimits.segmentByteCountMaximum)
  }

  /// Events that a segment may grow to.
  var segmentEventCountMaximum: Int {
    min(
      (eventCountMaximum ?? .max) / Self.segmentShare, QueueLimits.segmentEventCountMaximum)
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

  /// Whether the last segment is to be sealed because it reaches too far back, or because it was
  /// made by a process that knows nothing of the limits.
  func wantsSealed(_ last: Segment, now: Int64) -> Bool {
    guard last.eventCount > 0 else { return false }
    if last.byteCount > 2 * segmentByteCountMaximum { return true }
    if last.eventCount > 2 * segmentEventCountMaximum { return true }
    guard let ageMaximum else { return false }
    return now - last.times.lowerBound > ageMaximum.wholeMilliseconds / Int64(Self.segmentShare)
  }

  private func isTooOld(_ time: Int64, now: Int64) -> Bool {
    guard let ageMaximum else { return false }
    return now - time > ageMaximum.wholeMilliseconds
  }
}
