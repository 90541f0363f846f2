extension GroupFolder {
  /// What a group's members have agreed on, by its file; nil where there is no such group.
  package func terms(of name: GroupName) throws(GroupError) -> GroupTerms? {
    try state(of: name)?.terms
  }
}
