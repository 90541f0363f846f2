/// Where a group begins.
public struct GroupStart: Hashable, Sendable {
  /// Its first event.
  public let next: UInt64
  /// Events before it that are given, too, in their order; the last ones of them if they are too many.
  public let before: [UInt64]

  /// A place before the event `next`.
  public init(next: UInt64, before: [UInt64] = []) {
    self.next = next
    self.before = before
  }
}
