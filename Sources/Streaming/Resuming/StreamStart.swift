package import FileQueue

/// Where a subscriber asks to begin.
package enum StreamStart: Hashable, Sendable {
  /// With what is published from now on.
  case next
  /// With the oldest event that is there, whatever was before it.
  case oldest
  /// With the last events of each topic, so many of each.
  case last(Int)
  /// Behind the last event that it has seen.
  case after(EventID)
  /// With everything that was published since a time.
  case since(TimeCursor)
  /// Behind something that is no event id: an excerpt of it, for the subscriber to be told.
  case unknown(String)

  /// Whether it names no event: a stream has no id of its own until it is told one.
  ///
  /// The last events tell one themselves, once they are found.
  package var isWithoutID: Bool {
    switch self {
    case .next, .oldest, .since: true
    case .last, .after, .unknown: false
    }
  }
}
