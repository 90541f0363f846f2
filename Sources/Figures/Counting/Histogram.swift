/// How often a value was how large, in buckets that end at powers of two; where the cells of such a
/// count stand in a worker's page.
///
/// A bucket has the values up to its bound that are over the bound before it, the last one all others;
/// behind the buckets stands the sum of all values.
package struct Histogram: Sendable {
  /// The cell of the lowest bucket.
  let firstCell: Int
  /// The lowest bound is two to this power.
  let lowestExponent: Int
  /// Buckets that have a bound.
  let boundCount: Int
  /// So many of the values' units are a second.
  let unitsPerSecond: Double

  /// From publishing an event to handing it to its subscribers, in milliseconds: 1 ms to 65 s.
  static let lag = Histogram(
    firstCell: 72, lowestExponent: 0, boundCount: 17, unitsPerSecond: 1000)
  /// From a publish request to its acknowledgement, in microseconds: 16 µs to 16 s.
  package static let publish = Histogram(
    firstCell: 192, lowestExponent: 4, boundCount: 21, unitsPerSecond: 1_000_000)

  /// All cells: the buckets, the one without a bound, the sum.
  var cells: Range<Int> { firstCell..<(firstCell + boundCount + 2) }
  /// The cell of the sum of all values.
  var sumCell: Int { firstCell + boundCount + 1 }

  /// The cell of the bucket that a value is in.
  func cell(of value: UInt64) -> Int {
    let exponent = value <= 1 ? 0 : UInt64.bitWidth - (value - 1).leadingZeroBitCount
    return firstCell + min(max(0, exponent - lowestExponent), boundCount)
  }

  /// The bounds, in the values' units.
  var bounds: [UInt64] { (0..<boundCount).map { 1 << UInt64(lowestExponent + $0) } }

  /// The bound that `share` of the values (0 to 1) do not pass; nil where there are no values, or
  /// where it has no bound.
  func bound(ofShare share: Double, in page: PageValues) -> UInt64? {
    let counts = (0...boundCount).map { page[firstCell + $0] }
    let count = counts.reduce(0, &+)
    let wanted = max(1, (Double(count) * share).rounded(.up))
    var sum: UInt64 = 0
    for (bound, count) in zip(bounds, counts) {
      sum &+= count
      if Double(sum) >= wanted { return bound }
    }
    return nil
  }

  /// How many values there are.
  func count(in page: PageValues) -> UInt64 {
    (0...boundCount).reduce(0) { $0 &+ page[firstCell + $1] }
  }
}
