/// A place in the order in which events are due.
public struct DelayedTurn: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// In milliseconds since 1970.
  let due: Int64
  let id: DelayedID

  init(due: Int64, id: DelayedID) {
    self.due = due
    self.id = id
  }

  /// Reads what ``description`` writes; nil where it is something else.
  public init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count == 2, let due = UInt64(decimal: parts[0]), let due = Int64(exactly: due),
      let id = DelayedID(parts[1])
    else { return nil }
    self.init(due: due, id: id)
  }

  /// Who is due first; by the id where two are due at once.
  public static func < (one: DelayedTurn, other: DelayedTurn) -> Bool {
    one.due == other.due ? one.id < other.id : one.due < other.due
  }

  /// The time and the id.
  public var description: String { "\(due)-\(id)" }
}
