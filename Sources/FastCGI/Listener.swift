public import Kernel
public import SystemPackage

/// A listening socket that web servers connect to; all fronts share it.
public struct Listener: ~Copyable, Sendable {
  let socket: Descriptor

  /// Connections that may wait to be accepted; the kernel's own limit (somaxconn) is usually this.
  ///
  /// A full backlog makes nginx answer 502 at once.
  public static let backlogCount = 4096

  /// Listens at a path of the file system.
  ///
  /// - Throws: EADDRINUSE where somebody answers there, EEXIST where it is no socket.
  public static func listen(
    at path: FilePath, permissions: UInt32 = 0o660
  ) throws(SystemCallError) -> Listener {
    Listener(
      socket: try UnixSocket.listen(at: path, backlog: backlogCount, permissions: permissions))
  }

  /// Takes over a listening socket that the process was started with, as spawn-fcgi hands over 0.
  ///
  /// - Throws: EBADF where the descriptor is not open, ENOTSOCK where it does not listen.
  public static func inherited(_ number: Int32) throws(SystemCallError) -> Listener {
    let socket = try Descriptor.inherited(number)
    guard socket.isListening else {
      throw SystemCallError(
        call: "accept", errno: .notSocket,
        subject: "descriptor \(number) (no listening socket was handed over)")
    }
    try socket.setNonblocking()
    return Listener(socket: socket)
  }
}
