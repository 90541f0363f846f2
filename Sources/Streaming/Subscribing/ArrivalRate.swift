import Kernel

/// How many streams may begin in a second, and when those come back that were turned away.
///
/// A bucket of tokens: after a quiet second as many may begin at once as a second lets in.
struct ArrivalRate: Sendable {
  private let intervalNanoseconds: Int64
  /// When the bucket is full again.
  private var isFullAt: Int64 = 0
  /// When the last one of those that were turned away is to come back.
  private var lastReturnAt: Int64 = 0

  private static let burstNanoseconds: Int64 = 1_000_000_000

  /// - Parameter perSecond: from 1 to a billion.
  init(perSecond: Int) {
    intervalNanoseconds = max(1, Self.burstNanoseconds / Int64(perSecond))
  }

  /// Takes a token at `now`, monotonic nanoseconds.
  ///
  /// - Returns: nil where there was one, else after how many nanoseconds to come back. Those that are
  ///   turned away are given times one after the other, a little further apart than tokens come, so
  ///   that each finds one; beyond ``StreamLimits/returnDelayMaximum`` they are spread at random.
  mutating func take(now: Int64) -> Int64? {
    let isFullAt = max(isFullAt, now) + intervalNanoseconds
    if isFullAt - now <= Self.burstNanoseconds {
      self.isFullAt = isFullAt
      return nil
    }
    let maximum = StreamLimits.returnDelayMaximum.wholeNanoseconds
    let returnAt = max(lastReturnAt, now) + intervalNanoseconds + intervalNanoseconds / 4
    guard returnAt - now <= maximum else { return Int64.random(in: (maximum / 2)...maximum) }
    lastReturnAt = returnAt
    return returnAt - now
  }
}
