import Glibc

/// Users and groups by their names, as the machine knows them (getpwnam(3), getgrnam(3)).
///
/// On the main thread, before there are others. A number stands for itself.
public enum Accounts {
  /// The number of a user; nil where there is none of that name.
  public static func user(_ name: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    return unsafe getpwnam(name).map { unsafe $0.pointee.pw_uid }
  }

  /// The number of a group; nil where there is none of that name.
  public static func group(_ name: String) -> UInt32? {
    if let number = UInt32(name) { return number }
    return unsafe getgrnam(name).map { unsafe $0.pointee.gr_gid }
  }
}
