/// A moment as people and programs write it: Unix time or RFC 3339, section 5.6.
public struct WrittenTime: Hashable, Sendable {
  /// Milliseconds since 1970, cut, not rounded.
  public let unixMilliseconds: Int64

  /// What ``init(_:)`` takes, in words.
  public static let rule =
    "Unix time in seconds or milliseconds, such as 1732147200, or RFC 3339 such as 2024-11-21T00:00:00Z"

  /// Unix seconds from here on are taken for those of our days; what is less is no time: more likely
  /// somebody has left out a unit.
  private static let secondsMinimum: Int64 = 1_000_000_000
  /// From here on, as seconds the year 5138, a number counts milliseconds.
  private static let millisecondsMinimum: Int64 = 100_000_000_000
  /// From here on it would count microseconds.
  private static let microsecondsMinimum: Int64 = 100_000_000_000_000

  /// Reads a text; nil where it is no time.
  ///
  /// A space stands for the plus sign of a zone too, which a query turns into one.
  public init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard let milliseconds = Self.unixTime(bytes) ?? Self.date(bytes) else { return nil }
    unixMilliseconds = milliseconds
  }

  private static func unixTime(_ bytes: [UInt8]) -> Int64? {
    var reader = Reader(bytes)
    guard let number = reader.number(digitCount: 10...14) else { return nil }
    if reader.isAtEnd, (millisecondsMinimum..<microsecondsMinimum).contains(number) {
      return number
    }
    guard (secondsMinimum..<millisecondsMinimum).contains(number),
      let milliseconds = reader.fraction(), reader.isAtEnd
    else { return nil }
    return number * 1000 + milliseconds
  }

  private static func date(_ bytes: [UInt8]) -> Int64? {
    var reader = Reader(bytes)
    guard let year = reader.number(digitCount: 4...4), reader.takes("-"),
      let month = reader.number(digitCount: 2...2), (1...12).contains(month), reader.takes("-"),
      let day = reader.number(digitCount: 2...2),
      (1...dayCount(year, month)).contains(day), reader.takes("Tt "),
      let time = reader.clock(hasSeconds: true), let milliseconds = reader.fraction(),
      let offset = reader.zone(), reader.isAtEnd
    else { return nil }
    return (days(year, month, day) * 86_400 + time - offset) * 1000 + milliseconds
  }

  private static func dayCount(_ year: Int64, _ month: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Days since 1970, in the Gregorian calendar.
  private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
    // Years that begin in March end with the day that some of them lack.
    let year = month > 2 ? year : year - 1
    let daysBeforeMonth = (153 * ((month + 9) % 12) + 2) / 5
    let leapDays = year / 4 - year / 100 + year / 400
    return 365 * year + (year < 0 ? -1 : leapDays) + daysBeforeMonth + day - 1 - 719_468
  }

  /// The bytes of a time that are not read yet.
  private struct Reader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Whether one of these bytes comes next; takes it then.
    mutating func takes(_ bytes: StaticString) -> Bool {
      guard let next = rest.first, "\(bytes)".utf8.contains(next) else { return false }
      rest.removeFirst()
      return true
    }

    /// A number of so many digits; nil where they are fewer or more.
    mutating func number(digitCount: ClosedRange<Int>) -> Int64? {
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard digitCount.contains(digits.count) else { return nil }
      rest = rest[digits.endIndex...]
      return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// The milliseconds behind a point; 0 where there is none, nil where no digits follow.
    mutating func fraction() -> Int64? {
      guard takes(".") else { return 0 }
      let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      guard (1...12).contains(digits.count) else { return nil }
      rest = rest[digits.endIndex...]
      let padded =
        digits.prefix(3) + repeatElement(UInt8(ascii: "0"), count: max(0, 3 - digits.count))
      return padded.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }

    /// Hours, minutes and, where they are written, seconds, in seconds; a leap second is one.
    mutating func clock(hasSeconds: Bool) -> Int64? {
      guard let hour = number(digitCount: 2...2), hour < 24, takes(":"),
        let minute = number(digitCount: 2...2), minute < 60
      else { return nil }
      guard hasSeconds else { return hour * 3600 + minute * 60 }
      guard takes(":"), let second = number(digitCount: 2...2), second <= 60 else { return nil }
      return hour * 3600 + minute * 60 + second
    }

    /// The distance of a zone from UTC, in seconds.
    mutating func zone() -> Int64? {
      if takes("Zz") { return 0 }
      if takes("-") { return clock(hasSeconds: false).map { -$0 } }
      return takes("+ ") ? clock(hasSeconds: false) : nil
    }
  }
}
