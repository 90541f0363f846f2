/// Counts durations in log-linear buckets: 128 to each power of two.
///
/// A value that is read out lies at most 1/128 (0.8 %) above one that was recorded; the greatest is
/// kept exactly. Values are nanoseconds; above 2^40 (18 minutes) they count as 2^40.
struct Histogram {
  private static let bitCount = 7
  private static let linearCount = 1 << bitCount
  private static let valueMaximum: Int64 = 1 << 40

  private var buckets = [UInt64](
    repeating: 0, count: (40 - bitCount + 2) * linearCount)
  /// How many values were recorded.
  private(set) var count: UInt64 = 0
  /// The greatest of them; 0 without any.
  private(set) var maximum: Int64 = 0

  /// Counts one value; negative ones count as 0.
  mutating func record(_ nanoseconds: Int64) {
    count += 1
    maximum = max(maximum, nanoseconds)
    buckets[Self.index(of: min(max(nanoseconds, 0), Self.valueMaximum))] += 1
  }

  /// The value that `share` of all are not above; 0 without any.
  func quantile(_ share: Double) -> Int64 {
    let rank = max(1, UInt64((share * Double(count)).rounded(.up)))
    var seen: UInt64 = 0
    for index in buckets.indices {
      seen += buckets[index]
      if seen >= rank { return min(Self.upperBound(of: index), maximum) }
    }
    return maximum
  }

  private static func index(of value: Int64) -> Int {
    if value < linearCount { return Int(value) }
    let shift = Int64.bitWidth - value.leadingZeroBitCount - 1 - bitCount
    return (shift + 1) << bitCount + (Int(value >> Int64(shift)) - linearCount)
  }

  /// The greatest value that falls into a bucket.
  private static func upperBound(of index: Int) -> Int64 {
    if index < linearCount { return Int64(index) }
    let shift = Int64(index >> bitCount - 1)
    return (Int64(index & (linearCount - 1) + linearCount + 1) << shift) - 1
  }
}
