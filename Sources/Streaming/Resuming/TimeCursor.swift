/// A time as a place in the queue: `@1732147200.123` asks for everything that was published since then.
///
/// nginx gives it to streams that have no id while weir is away.
package struct TimeCursor: Hashable, Sendable, CustomStringConvertible {
  /// Milliseconds since 1970.
  package let unixMilliseconds: Int64

  /// What a time may be too late, because whoever wrote it has rounded.
  static let toleranceMilliseconds: Int64 = 1
  /// Seconds have at most so many digits, the part behind the point too.
  private static let digitCountMaximum = 12

  /// A time.
  ///
  /// - Parameter unixMilliseconds: milliseconds since 1970.
  package init(unixMilliseconds: Int64) {
    self.unixMilliseconds = unixMilliseconds
  }

  /// Reads the written form: an at sign, seconds since 1970, and parts of a second behind a point if there are any.
  package init?(_ text: String) {
    var bytes = Array(text.utf8)[...]
    guard bytes.popFirst() == UInt8(ascii: "@") else { return nil }
    let parts = bytes.split(
      separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
    for part in parts {
      guard (1...Self.digitCountMaximum).contains(part.count),
        part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      else { return nil }
    }
    guard let seconds = parts.first else { return nil }
    // Cut, not rounded: rather an event too many than one too few.
    var fraction = parts.count > 1 ? Array(parts[1].prefix(3)) : []
    while fraction.count < 3 { fraction.append(UInt8(ascii: "0")) }
    unixMilliseconds = (seconds + fraction).reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
  }

  /// The written form.
  package var description: String {
    let milliseconds = "\(unixMilliseconds % 1000)"
    let zeros = String(repeating: "0", count: 3 - milliseconds.utf8.count)
    return "@\(unixMilliseconds / 1000).\(zeros)\(milliseconds)"
  }
}
