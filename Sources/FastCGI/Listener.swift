public import Kernel
public import SystemPackage

/// A listening socket that web servers connect to; all fronts share it.
public struct Listener: ~Copyable, Sendable {
  let socket: Descriptor
  /// Held for as long as this listens: of two processes at one path, one is told.
  private let claim: FileLock?

  /// Connections that may wait to be accepted; the kernel's own limit (somaxconn) is usually this.
  ///
  /// A full backlog makes nginx answer 502 at once.
  public static let backlogCount = 4096

  /// Listens at a path of the file system.
  ///
  /// The file `PATH.lock` beside it stays behind: a lock whose file is removed is no lock.
  ///
  /// - Throws: EADDRINUSE where somebody listens there, EEXIST where it is no socket.
  public static func listen(
    at path: FilePath, permissions: UInt32 = 0o660
  ) throws(SystemCallError) -> Listener {
    let claim = FileLock(
      try Descriptor.open(FilePath(path.string + ".lock"), .createIfMissing))
    guard try claim.tryLock() else {
      throw SystemCallError(call: "bind", errno: .addressInUse, subject: path.string)
    }
    return Listener(
      socket: try UnixSocket.listen(at: path, backlog: backlogCount, permissions: permissions),
      claim: claim)
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
    return Listener(socket: socket, claim: nil)
  }
}
