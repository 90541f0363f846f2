/// What an operator can choose about how streams are served.
public struct StreamConfiguration: Sendable {
  /// A comment is sent on a stream that has been silent for so long.
  public var heartbeatInterval: Duration = .seconds(15)
  /// Whether a silent stream is now and then told the newest id instead of being sent a comment.
  public var sendsCheckpoints = true
  /// Whether the demo is on: the sources that make events up, and the clock on the default topic.
  public var isDemo = false
  /// A stream is ended at an age of 80 to 100 % of this, and the browser comes back; nil for never.
  public var ageMaximum: Duration?

  /// The defaults.
  public init() {}
}
