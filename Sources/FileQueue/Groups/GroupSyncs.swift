/// What a process knows of which states of groups are on disk, from one round of the upkeep to the next.
public struct GroupSyncs: Sendable {
  /// Slots whose sync has failed.
  var failed: [GroupName: Int] = [:]
  /// The numbers of the newest states that this process has put on disk.
  var numbers: [GroupName: UInt64] = [:]

  /// Nothing is known: what another process has written may not be on disk.
  public init() {}

  /// Forgets the groups that are gone.
  mutating func keep(_ names: [GroupName]) {
    guard numbers.count > names.count || failed.count > names.count else { return }
    let names = Set(names)
    numbers = numbers.filter { names.contains($0.key) }
    failed = failed.filter { names.contains($0.key) }
  }
}
