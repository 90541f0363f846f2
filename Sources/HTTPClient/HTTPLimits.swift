/// What the client bounds.
enum HTTPLimits {
  /// A connection that is not made in so long is given up.
  static let connectPatienceMilliseconds = 15_000
  /// Redirections that are followed, one after the other.
  static let redirectCountMaximum = 5
  /// A longer wait than a day is none that anybody waits for.
  static let retryAfterSecondsMaximum = 86_400
}
