/// What who wants to be a member of a group finds.
package enum GroupFinding: Hashable, Sendable {
  /// There is none of that name: the first member makes it.
  case isNew
  /// It has something to give, or may come to have.
  case isThere
  /// Nothing will ever come: its topics have ended, and it is done with all that was published to them.
  case isOver
}
