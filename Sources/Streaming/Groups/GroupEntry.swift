package import FileQueue

/// What a subscriber asks for that is to be a member of a group.
package struct GroupEntry: Hashable, Sendable {
  /// Which group.
  package let name: GroupName
  /// What all of its members ask for alike.
  package let terms: GroupTerms
  /// Events that it may have without having acknowledged them.
  package let credit: Int

  /// An entry of its parts.
  package init(name: GroupName, terms: GroupTerms, credit: Int) {
    self.name = name
    self.terms = terms
    self.credit = credit
  }
}
