import Kernel

/// What names an event that waits for its time: when it was taken in, in milliseconds, and 24 random bits,
/// written as 16 hexadecimal digits.
///
/// So of events that are due at the same moment those that were taken in first come first.
/// It is no event id: that is given when the event is published.
public struct DelayedID: Hashable, Comparable, Sendable, CustomStringConvertible {
  static let byteCount = 16
  let number: UInt64

  init(_ number: UInt64) { self.number = number }

  /// Reads what ``description`` writes; nil where it is something else.
  public init?(_ text: some Collection<UInt8>) {
    guard text.count == Self.byteCount else { return nil }
    var number: UInt64 = 0
    for byte in text {
      guard let digit = byte.hexadecimalValue else { return nil }
      number = number << 4 | UInt64(digit)
    }
    self.number = number
  }

  private static let randomBitCount: UInt64 = 24

  /// One that no event had before, unless in the same millisecond.
  ///
  /// - Parameter now: milliseconds since 1970.
  static func fresh(now: Int64) throws(SystemCallError) -> DelayedID {
    let random = UInt64(try UInt32.fromKernel()) & (1 << randomBitCount - 1)
    return DelayedID(UInt64(bitPattern: now) << randomBitCount | random)
  }

  /// The one behind it.
  var next: DelayedID { DelayedID(number &+ 1) }

  /// The order of two that are due at the same moment.
  public static func < (one: DelayedID, other: DelayedID) -> Bool { one.number < other.number }

  /// The 16 digits.
  public var description: String {
    "\(HexadecimalDigits(UInt32(truncatingIfNeeded: number >> 32)))"
      + "\(HexadecimalDigits(UInt32(truncatingIfNeeded: number)))"
  }
}
