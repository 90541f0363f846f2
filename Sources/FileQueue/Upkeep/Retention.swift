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
    max(
      1,
      min(
        (byteCountMaximum ?? .max) / Self.segmentShare, QueueLimits.segmentByteCountMaximum))
  }

  /// Events that a segment may grow to.
  var segmentEventCountMaximum: Int {
    max(
      1,
      min(
        (eventCountMaximum ?? .max) / Self.segmentShare, QueueLimits.segmentEventCountMaximum))
  }

  /// A segment, as far as retention asks.
  struct Segment: Hashable {
    let byteCount: Int
    let eventCount: Int
    /// When its first event was published by the clock of that moment, in milliseconds since 1970.
    let firstTime: Int64
    /// The same of its last event.
    let lastTime: Int64
    /// When its text was last written to, in milliseconds since 1970.
    let modifiedTime: Int64
  }

  /// How many of the oldest segments are removed; never the last one, which is appended to.
  func removableCount(_ segments: [Segment], now: Int64) -> Int {
    let lastTimes = believableLastTimes(segments, now: now)
    var byteCount = segments.reduce(0) { $0 + $1.byteCount }
    var eventCount = segments.reduce(0) { $0 + $1.eventCount }
    var count = 0
    for (segment, lastTime) in zip(segments, lastTimes).dropLast() {
      let isTooMuch =
        byteCount > byteCountMaximum ?? .max || eventCount > eventCountMaximum ?? .max
      guard isTooMuch || isTooOld(lastTime, now: now) else { break }
      byteCount -= segment.byteCount
      eventCount -= segment.eventCount
      count += 1
    }
    return count
  }

  /// When the newest event of each segment was published.
  ///
  /// A time in the future is none: a clock was wrong. By then the event was written, and those behind it
  /// were published later, so the least that these tell is believed; where they tell nothing, now.
  private func believableLastTimes(_ segments: [Segment], now: Int64) -> [Int64] {
    var times: [Int64] = []
    var bound = now
    for segment in segments.reversed() {
      let written = min(bound, segment.modifiedTime)
      times.append(segment.lastTime <= now ? segment.lastTime : written)
      let isFirstKnown = segment.eventCount > 0 && segment.firstTime <= now
      bound = isFirstKnown ? min(bound, segment.firstTime) : written
    }
    return times.reversed()
  }

  /// Whether the last segment is to be sealed because it reaches too far back, because its times are in
  /// the future, so that those that follow are judged by right ones, or because it was made by a process
  /// that knows nothing of the limits.
  ///
  /// - Parameters:
  ///   - now: the time that is believed.
  ///   - wall: the time that new events get.
  func wantsSealed(_ last: Segment, now: Int64, wall: Int64) -> Bool {
    guard last.eventCount > 0 else { return false }
    if last.byteCount > 2 * segmentByteCountMaximum { return true }
    if last.eventCount > 2 * segmentEventCountMaximum { return true }
    guard let ageMaximum else { return false }
    if last.firstTime > wall + QueueLimits.clockStepTolerance.wholeMilliseconds { return true }
    return now - last.firstTime > ageMaximum.wholeMilliseconds / Int64(Self.segmentShare)
  }

  private func isTooOld(_ time: Int64, now: Int64) -> Bool {
    guard let ageMaximum else { return false }
    return now - time > ageMaximum.wholeMilliseconds
  }
}
