/// What a request is for, by its path.
package enum Route: String, CaseIterable, Sendable {
  case stream
  case publish
  case topics
  case groups
  case status
  case metrics
  case health
  /// Nothing that there is.
  case other
}
