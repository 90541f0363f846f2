import Kernel

/// What time it is where ages are judged: the wall clock, but for one that has jumped ahead.
///
/// A machine that starts with a wrong date is set right by NTP some seconds later; until then its whole
/// past seems to be old. So the wall clock is compared with the monotonic one: where it is ahead, time
/// goes on here as before until it has stayed there for ``QueueLimits/clockPatience``. Nothing seems
/// older by a clock that was set back, so that is followed at once.
struct ClockWatch: Sendable {
  /// What happened to the wall clock.
  enum Finding: Hashable, Sendable {
    /// It is ahead by so much.
    case ahead(Duration)
    /// It was ahead, and has been set right.
    case right
    /// It has stayed ahead for so long that it is believed.
    case believed(Duration)
    /// It was set back by so much.
    case setBack(Duration)
  }

  /// The time, in milliseconds since 1970.
  private(set) var now: Int64
  private var lastMonotonic: Int64
  /// By how much the wall clock is ahead, in milliseconds, and for how long; nil where it is not.
  private var lead: (byMilliseconds: Int64, forMilliseconds: Int64)?

  private static let tolerance = QueueLimits.clockStepTolerance.wholeMilliseconds

  /// - Parameters:
  ///   - lastKnown: a moment that has certainly been, in milliseconds since 1970; the time goes on from
  ///     there where the wall clock is far ahead of it.
  ///   - monotonic: nanoseconds.
  init(lastKnown: Int64, wall: Int64, monotonic: Int64) {
    now = Self.bounded(min(lastKnown, wall))
    lastMonotonic = monotonic
    _ = look(wall: wall, monotonic: monotonic)
  }

  private static func bounded(_ time: Int64) -> Int64 {
    let range = QueueLimits.unixMilliseconds
    return min(max(time, range.lowerBound), range.upperBound)
  }

  /// By how much the wall clock is ahead.
  var aheadBy: Duration { .milliseconds(lead?.byMilliseconds ?? 0) }

  /// Looks at the clocks; returns what is new.
  mutating func look(wall: Int64, monotonic: Int64) -> Finding? {
    let wall = Self.bounded(wall)
    // No look comes so late: then this clock has jumped, too. In a sleep of the machine it stands still, so
    // that one counts as a jump of the wall clock, which may be wrong after it.
    let elapsed = min(max(0, (monotonic &- lastMonotonic) / 1_000_000), Self.tolerance)
    lastMonotonic = monotonic
    let expected = now + elapsed
    let ahead = wall - expected
    guard ahead > Self.tolerance else {
      let wasAhead = lead != nil
      (now, lead) = (wall, nil)
      if wasAhead { return .right }
      return ahead < -Self.tolerance ? .setBack(.milliseconds(-ahead)) : nil
    }
    now = expected
    guard let known = lead, abs(ahead - known.byMilliseconds) <= Self.tolerance else {
      lead = (ahead, 0)
      return .ahead(.milliseconds(ahead))
    }
    let stayed = known.forMilliseconds + elapsed
    guard stayed < QueueLimits.clockPatience.wholeMilliseconds else {
      (now, lead) = (wall, nil)
      return .believed(.milliseconds(ahead))
    }
    lead = (known.byMilliseconds, stayed)
    return nil
  }
}
