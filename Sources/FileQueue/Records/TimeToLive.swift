import Kernel

/// How long an event is delivered after it was published.
public struct TimeToLive: Hashable, Sendable {
  private let duration: Duration

  /// The longest: ten years, so that a time never overflows.
  private static let maximum: Duration = .seconds(3653 * 86_400)
  /// What ``init(text:)`` takes, in words.
  public static let rule =
    "a number of seconds from 1, or a time such as 500ms, 90s, 10m, 12h or 7d, at most ten years"

  /// Reads what people write; nil where it is none.
  public init?(text: String) {
    guard let duration = Duration(text: text), duration >= .milliseconds(1),
      duration <= Self.maximum
    else { return nil }
    self.duration = duration
  }

  /// In milliseconds.
  var wholeMilliseconds: Int64 { duration.wholeMilliseconds }

  /// When an event that is published now expires, in milliseconds since 1970.
  public var expiresAt: Int64 { expiry(from: Clock.unixMilliseconds()) }

  /// When an event that was published at a time expires, in milliseconds since 1970.
  public func expiry(from time: Int64) -> Int64 {
    let range = QueueLimits.unixMilliseconds
    return min(max(time, range.lowerBound), range.upperBound - duration.wholeMilliseconds)
      + duration.wholeMilliseconds
  }
}
