import CLinux
import Glibc
public import SystemPackage

/// Sockets of the unix family, by path (unix(7)).
public enum UnixSocket {
  /// Bytes that a path may have: sun_path without its closing NUL.
  public static let pathByteCountMaximum = 107

  /// A non-blocking stream socket that listens at `path`.
  ///
  /// The name is moved into place after listen(2), so a peer finds the old socket or the new one,
  /// never a gap. A name left behind by a dead process is replaced; one that somebody answers at is
  /// an error (EADDRINUSE), and so is anything there that is not a socket (EEXIST).
  public static func listen(
    at path: FilePath, backlog: Int, permissions: UInt32, user: UInt32? = nil,
    group: UInt32? = nil
  ) throws(SystemCallError) -> Descriptor {
    try refuseOccupied(path)
    let staging = FilePath(path.string + ".new")
    let socket = try makeSocket(isNonblocking: true)
    var address = try address(of: staging)
    try? FileSystem.unlink(staging)
    let number = socket.number
    _ = try SystemCall.check("bind", path.string) {
      unsafe weir_bind_unix(number, &address.value, address.length)
    }
    do {
      try FileSystem.setOwner(staging, user: user, group: group)
      try FileSystem.setPermissions(staging, permissions)
    } catch {
      try? FileSystem.unlink(staging)
      throw SystemCallError(call: error.call, errno: error.errno, subject: path.string)
    }
    _ = try SystemCall.check("listen", path.string) { Glibc.listen(number, CInt(backlog)) }
    try FileSystem.rename(staging, to: path)
    return socket
  }

  /// A blocking stream socket connected to whoever listens at `path`.
  public static func connect(to path: FilePath) throws(SystemCallError) -> Descriptor {
    let socket = try makeSocket(isNonblocking: false)
    var address = try address(of: path)
    let number = socket.number
    _ = try SystemCall.check("connect", path.string) {
      unsafe weir_connect_unix(number, &address.value, address.length)
    }
    return socket
  }

  /// Two sockets connected with each other, blocking (socketpair(2)).
  public static func pair() throws(SystemCallError) -> SocketPair {
    var numbers: [CInt] = [-1, -1]
    _ = try SystemCall.check("socketpair") {
      unsafe Glibc.socketpair(
        AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &numbers)
    }
    return SocketPair(
      first: Descriptor(owning: numbers[0]), second: Descriptor(owning: numbers[1]))
  }

  private static func refuseOccupied(_ path: FilePath) throws(SystemCallError) {
    var status = Glibc.stat()
    let found = unsafe path.withPlatformString { unsafe Glibc.lstat($0, &status) }
    guard found == 0 else { return }
    guard status.st_mode & S_IFMT == S_IFSOCK else {
      throw SystemCallError(
        call: "bind", errno: .fileExists, subject: "\(path) (which is no socket)")
    }
    do {
      _ = try connect(to: path)
    } catch {
      return
    }
    throw SystemCallError(call: "bind", errno: .addressInUse, subject: path.string)
  }

  private static func makeSocket(isNonblocking: Bool) throws(SystemCallError) -> Descriptor {
    let kind =
      SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
      | (isNonblocking ? SOCK_NONBLOCK.rawValue : 0)
    let number = try SystemCall.check("socket") { Glibc.socket(AF_UNIX, CInt(kind), 0) }
    return Descriptor(owning: number)
  }

  private static func address(
    of path: FilePath
  ) throws(SystemCallError) -> (value: sockaddr_un, length: socklen_t) {
    var address = sockaddr_un()
    let length = unsafe path.withPlatformString { unsafe weir_unix_address(&address, $0) }
    guard length > 0 else {
      throw SystemCallError(
        call: "bind", errno: .fileNameTooLong,
        subject: "\(path) (a socket's path has at most \(pathByteCountMaximum) bytes)")
    }
    return (address, length)
  }
}
