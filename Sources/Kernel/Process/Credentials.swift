import Glibc

/// The user that the process acts as (credentials(7)).
public enum Credentials {
  /// The number of the user.
  public static var user: UInt32 { Glibc.geteuid() }

  /// The number of the process.
  public static var process: Int32 { Glibc.getpid() }

  /// Whether it is the one who may do anything.
  public static var areRoots: Bool { user == 0 }

  /// Whether a file may be given other permissions.
  static func own(_ file: FileStatus) -> Bool { areRoots || file.owner == user }
}
