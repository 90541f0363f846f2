/// Why events are missing.
package enum GapReason: String, CaseIterable, Sendable {
  /// Retention has removed them.
  case expired
  /// The id is of another queue, or no id at all.
  case unknownEpoch = "unknown-epoch"
  /// The id is beyond the end of the queue.
  case ahead
  /// Their bytes are damaged.
  case damaged
  /// The queue was put back from a copy that had them not: what bore their numbers is lost.
  case restored
}
