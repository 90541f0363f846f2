import ArgumentParser
import FileQueue
import Kernel

/// What an option takes that is a number, a size or a time: those within a range, which it is refused
/// with.
struct OptionRange<Value: Comparable & Sendable>: Sendable {
  private let range: ClosedRange<Value>
  /// What it is, with the range, as a sentence.
  private let rule: String
  private let read: @Sendable (String) -> Value?

  /// The value of the option; for those that have to be something.
  func value(_ text: String) throws -> Value {
    guard let value = read(text), range.contains(value) else {
      throw ValidationError(rule)
    }
    return value
  }

  /// The value of an option that may be `none`.
  func limit(_ text: String) throws -> OptionalLimit<Value> {
    if text == "none" { return .none }
    guard let value = read(text), range.contains(value) else {
      throw ValidationError("\(rule), or none")
    }
    return OptionalLimit(value, text)
  }
}

/// A limit that an option gives, or none.
struct OptionalLimit<Value: Sendable>: Sendable, CustomStringConvertible {
  /// Nil for no limit.
  let value: Value?
  /// As it is written on the command line.
  let description: String

  static var none: OptionalLimit { OptionalLimit(nil, "none") }

  init(_ value: Value?, _ text: String) {
    self.value = value
    description = text
  }
}

// MARK: - Numbers

extension OptionRange<Int> {
  /// Descriptors that a process is started with.
  static let descriptors = number("of a descriptor", 0...1_048_575)
  /// Stream loops.
  static let loops = number("of threads", 1...64)
  /// Milliseconds that browsers wait before they reconnect.
  static let retry = number("of milliseconds", QueueLimits.retryMilliseconds)
  /// Streams at once.
  static let streams = number("of streams", 1...100_000_000)
  /// Streams that begin in a second.
  static let newStreams = number("of streams", 1...1_000_000)
  /// Events that are kept.
  static let events = number("of events", 1...1_000_000_000_000)
  /// The last events of a topic.
  static let lastEvents = number("of events", 0...1000)
  /// Bytes that a queue takes.
  static let bytes = OptionRange(
    range: (4 << 10)...(1 << 50),
    rule: "it is a size such as 500M or 10G, in bytes or in K, M, G or T, from 4K to 1024T",
    read: byteCount)

  private static func number(
    _ what: String, _ range: ClosedRange<Int>
  ) -> OptionRange {
    OptionRange(
      range: range,
      rule: "it is a number \(what) from \(range.lowerBound) to \(range.upperBound)"
    ) { Int($0) }
  }

  /// A number of bytes: digits, and K, M, G or T (of 1024) if you like.
  @Sendable
  private static func byteCount(_ text: String) -> Int? {
    let units: [(letter: String, factor: Int)] = [
      ("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30), ("T", 1 << 40),
    ]
    for unit in units {
      for suffix in [unit.letter + "iB", unit.letter] where text.hasSuffix(suffix) {
        guard let number = Int(text.dropLast(suffix.count)) else { return nil }
        let (value, isOver) = number.multipliedReportingOverflow(by: unit.factor)
        return isOver ? nil : value
      }
    }
    return Int(text)
  }
}

extension OptionRange<Double> {
  /// Seconds of silence before a comment is sent.
  static let heartbeat = OptionRange(
    range: 0.1...3600, rule: "it is a number of seconds, without a unit, from 0.1 to 3600"
  ) { Double($0) }
}

// MARK: - Times

extension OptionRange<Duration> {
  /// The greatest age of a stream.
  static let streamAge = time(.seconds(1), "1s", .seconds(365 * 86_400), "365d")
  /// The greatest age of an event.
  static let eventAge = time(.seconds(1), "1s", .seconds(36_500 * 86_400), "36500d")
  /// How long a key is remembered.
  static let keyWindow = time(
    QueueLimits.keyWindows.lowerBound, "1s", QueueLimits.keyWindows.upperBound, "30d")
  /// How long a token is good for.
  static let tokenAge = time(.seconds(1), "1s", .seconds(36_500 * 86_400), "36500d")
  /// How long is waited for a site.
  static let patience = time(.zero, "0", .seconds(30 * 86_400), "30d")
  /// How long a worker takes to stop.
  static let drain = time(.milliseconds(1), "1ms", .seconds(86_400), "1d")

  static func time(
    _ least: Duration, _ leastText: String, _ greatest: Duration, _ greatestText: String
  ) -> OptionRange {
    OptionRange(
      range: least...greatest,
      rule: "it is a time such as 30s, 12h or 7d, from \(leastText) to \(greatestText)"
    ) { Duration(text: $0) }
  }
}
