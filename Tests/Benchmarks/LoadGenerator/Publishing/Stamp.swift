import Kernel

/// What an event of a run says: the run, a number, and when it was due.
///
/// `load 3fa91c02 000000007 0000123456789012345 xxx…`: fields of fixed width, so that a reader
/// finds them without a search. The time is on the monotonic clock: it means something on this
/// machine alone.
struct Stamp: Sendable {
  /// The shortest data that holds all fields.
  static let byteCountMinimum = 44
  static let byteCountMaximum = 65_536

  /// The run of events that one process fills into a queue and another one reads.
  static let filledRun = "00000000"

  private static let numberOffset = 14
  private static let timeOffset = 24
  /// Eight hexadecimal digits.
  let run: String
  /// "load 3fa91c02 ", of which the first and the last eight bytes are compared at once.
  private let prefix: [UInt8]
  private let prefixStart: UInt64
  private let prefixEnd: UInt64
  private let padding: [UInt8]

  /// Stamps of a run, of a new one where none is named, in data of `byteCount` bytes.
  init(byteCount: Int, run: String? = nil) {
    precondition(byteCount >= Self.byteCountMinimum)
    let drawn = String(UInt32.random(in: 0 ... .max), radix: 16)
    self.run = run ?? String(repeating: "0", count: 8 - drawn.utf8.count) + drawn
    precondition(self.run.utf8.count == 8)
    let prefix = Array("load \(self.run) ".utf8)
    self.prefix = prefix
    prefixStart = prefix.span.littleEndian64(at: 0)
    prefixEnd = prefix.span.littleEndian64(at: Self.numberOffset - 8)
    padding = [UInt8](repeating: UInt8(ascii: "x"), count: byteCount - Self.byteCountMinimum)
  }

  /// Bytes of an event's data.
  var byteCount: Int { Self.byteCountMinimum + padding.count }

  /// The data of an event; it has no characters that JSON escapes.
  func data(number: Int, nanoseconds: Int64) -> [UInt8] {
    var data: [UInt8] = []
    data.reserveCapacity(byteCount)
    data += prefix
    Self.append(number, digitCount: 9, to: &data)
    data.append(UInt8(ascii: " "))
    Self.append(Int(nanoseconds), digitCount: 19, to: &data)
    data.append(UInt8(ascii: " "))
    data += padding
    return data
  }

  /// What the data in `range` says; nil where it is none of this run.
  @inline(__always)
  func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (number: Int, nanoseconds: Int64)? {
    guard range.count == byteCount else { return nil }
    let start = range.lowerBound
    guard bytes.littleEndian64(at: start) == prefixStart,
      bytes.littleEndian64(at: start + Self.numberOffset - 8) == prefixEnd
    else { return nil }
    guard let high = bytes.eightDigits(at: start + Self.numberOffset),
      let low = bytes.digits(at: start + Self.numberOffset + 8, count: 1),
      let first = bytes.eightDigits(at: start + Self.timeOffset),
      let second = bytes.eightDigits(at: start + Self.timeOffset + 8),
      let third = bytes.digits(at: start + Self.timeOffset + 16, count: 3)
    else { return nil }
    return (high * 10 + low, Int64((first * 100_000_000 + second) * 1000 + third))
  }

  private static func append(_ value: Int, digitCount: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes += repeatElement(UInt8(ascii: "0"), count: digitCount)
    var rest = value
    for index in stride(from: start + digitCount - 1, through: start, by: -1) {
      bytes[index] = UInt8(ascii: "0") + UInt8(rest % 10)
      rest /= 10
    }
  }
}
