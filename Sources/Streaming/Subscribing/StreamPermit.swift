/// What lets a stream be, where not everybody may read everything.
package struct StreamPermit: Sendable {
  /// When it ends, in milliseconds since 1970; nil for never.
  let expiresAt: Int64?
  /// Asked when the rules have changed, on the stream loop's thread.
  let holds: @Sendable () -> Bool

  /// A permit.
  ///
  /// - Parameter holds: whether the stream may be, as the rules are now.
  package init(expiresAt: Int64?, holds: @escaping @Sendable () -> Bool) {
    self.expiresAt = expiresAt
    self.holds = holds
  }
}
