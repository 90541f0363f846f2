package import FileQueue

/// Where a subscriber asks to begin.
package enum StreamStart: Hashable, Sendable {
  /// With what is published from now on.
  case next
  /// Behind the last event that it has seen.
  case after(EventID)
  /// Behind something that is no event id: an excerpt of it, for the subscriber to be told.
  case unknown(String)
}
