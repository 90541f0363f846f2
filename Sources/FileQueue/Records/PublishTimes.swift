import Kernel

/// The times that events get as they are appended, in milliseconds since 1970.
///
/// A time is not below that of the event before, and not above the clock's. Where the last event is
/// further ahead of the clock than ``QueueLimits/clockStepTolerance``, the clock has been set back since,
/// and one wrong moment would be the time of all events until it comes: the times step back with it.
struct PublishTimes {
  private let now: Int64
  /// The time of the last event.
  private(set) var last: Int64

  /// - Parameters:
  ///   - last: the time of the last event that was appended.
  ///   - now: what the clock says.
  init(after last: Int64, now: Int64) {
    let range = QueueLimits.unixMilliseconds
    self.now = min(max(now, range.lowerBound), range.upperBound)
    let latest = self.now + QueueLimits.clockStepTolerance.wholeMilliseconds
    self.last = range.contains(last) && last <= latest ? last : self.now
  }

  /// The time of the next event.
  ///
  /// - Parameter ownTime: when it was published, if it comes from elsewhere.
  @inline(__always)
  mutating func next(_ ownTime: Int64?) -> Int64 {
    last = max(last, min(ownTime ?? now, now))
    return last
  }
}
