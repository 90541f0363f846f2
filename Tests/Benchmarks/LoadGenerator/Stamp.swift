/// What a published event's message says: the run, a number, and when it was due to be sent.
///
/// `load 3fa91c02 000000007 0000123456789012345 xxx…`: fields of fixed width, so that a reader
/// finds them without a search. The time is on the monotonic clock: it means something to this
/// process alone.
struct Stamp: Sendable {
  /// The shortest message that holds all fields.
  static let byteCountMinimum = 44

  private static let numberOffset = 14
  private static let timeOffset = 24
  private let prefix: [UInt8]
  private let padding: [UInt8]

  /// Stamps of a new run, in messages of `byteCount` bytes.
  init(byteCount: Int) {
    precondition(byteCount >= Self.byteCountMinimum)
    let run = String(UInt32.random(in: 0 ... .max), radix: 16)
    prefix = Array("load \(String(repeating: "0", count: 8 - run.utf8.count))\(run) ".utf8)
    padding = [UInt8](repeating: UInt8(ascii: "x"), count: byteCount - Self.byteCountMinimum)
  }

  /// Bytes of a message.
  var byteCount: Int { Self.byteCountMinimum + padding.count }

  /// The message of an event; it has no characters that JSON escapes.
  func message(number: Int, nanoseconds: Int64) -> [UInt8] {
    var message: [UInt8] = []
    message.reserveCapacity(byteCount)
    message += prefix
    Self.append(number, digitCount: 9, to: &message)
    message.append(UInt8(ascii: " "))
    Self.append(Int(nanoseconds), digitCount: 19, to: &message)
    message.append(UInt8(ascii: " "))
    message += padding
    return message
  }

  /// What the message in `range` says; nil where it is none of this run.
  func read(_ bytes: Span<UInt8>, _ range: Range<Int>) -> (number: Int, nanoseconds: Int64)? {
    guard range.count == byteCount else { return nil }
    let start = range.lowerBound
    for index in prefix.indices where bytes[start + index] != prefix[index] { return nil }
    let number = Self.number(bytes, start + Self.numberOffset, digitCount: 9)
    let time = Self.number(bytes, start + Self.timeOffset, digitCount: 19)
    guard let number, let time else { return nil }
    return (number, Int64(time))
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

  private static func number(_ bytes: Span<UInt8>, _ start: Int, digitCount: Int) -> Int? {
    var value = 0
    for index in start..<start + digitCount {
      let digit = bytes[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ Int(digit)
    }
    return value
  }
}
