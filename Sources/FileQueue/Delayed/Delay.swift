public import Kernel

/// When an event is published that is not to be published now.
public enum Delay: Hashable, Sendable {
  /// So long after it was handed over.
  case after(Duration)
  /// At a moment, in milliseconds since 1970; at once where that has passed.
  case at(Int64)

  /// The longest one.
  public static let maximum: Duration = .seconds(30 * 86_400)
  /// What ``init(after:)`` takes, in words.
  public static let afterRule =
    "a number of seconds from 1, or a time such as 500ms, 30s, 10m, 12h or 7d, at most 30 days"
  /// What ``init(at:now:)`` takes, in words.
  public static let atRule = "\(WrittenTime.rule), at most 30 days from now"

  /// Reads a time to wait, as people write it; nil where it is none.
  public init?(after text: String) {
    guard let duration = Duration(text: text), duration >= .milliseconds(1),
      duration <= Self.maximum
    else { return nil }
    self = .after(duration)
  }

  /// Reads a moment; nil where it is none, or further from now than the longest delay, either way.
  ///
  /// A moment that has just passed, as where a publisher tries again, is now; one of long ago is a mistake.
  ///
  /// - Parameter now: milliseconds since 1970.
  public init?(at text: String, now: Int64 = Clock.unixMilliseconds()) {
    guard let moment = WrittenTime(text)?.unixMilliseconds else { return nil }
    let (distance, isOver) = moment.subtractingReportingOverflow(now)
    guard !isOver, distance.magnitude <= UInt64(Self.maximum.wholeMilliseconds) else { return nil }
    self = .at(moment)
  }

  /// When the event is due, in milliseconds since 1970.
  ///
  /// - Parameter now: the same.
  func due(now: Int64) -> Int64 {
    let range = QueueLimits.unixMilliseconds
    let now = min(max(now, range.lowerBound), range.upperBound)
    return switch self {
    case .after(let duration): min(now + duration.wholeMilliseconds, range.upperBound)
    case .at(let moment): min(max(moment, range.lowerBound), range.upperBound)
    }
  }
}
