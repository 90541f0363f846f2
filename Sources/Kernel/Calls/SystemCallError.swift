public import SystemPackage

/// A system call that failed: which one, on what, and with which errno.
///
/// Would-block and interruption never arrive here: they are decided in ``SystemCall``.
public struct SystemCallError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The call's name as its man page spells it.
  public let call: String
  /// What the call failed with.
  public let errno: Errno
  /// The path or other object it was about, where there is one.
  public let subject: String?

  /// An error of `call`; used by this module and by those who add a path to an error.
  public init(call: String, errno: Errno, subject: String? = nil) {
    self.call = call
    self.errno = errno
    self.subject = subject
  }

  /// "open /var/lib/weir: Permission denied".
  public var description: String {
    if let subject { "\(call) \(subject): \(errno)" } else { "\(call): \(errno)" }
  }
}
