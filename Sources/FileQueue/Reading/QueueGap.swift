/// Events that should be there and are not.
public struct QueueGap: Hashable, Sendable {
  /// Why they are not there.
  public enum Reason: String, Sendable {
    /// Retention has removed them.
    case expired
    /// Their bytes are damaged.
    case damaged
  }

  /// The sequences that are missing.
  public let missing: Range<UInt64>
  /// Why.
  public let reason: Reason

  /// A gap of its parts.
  package init(missing: Range<UInt64>, reason: Reason) {
    self.missing = missing
    self.reason = reason
  }
}
