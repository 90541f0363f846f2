public import Kernel
public import SystemPackage

/// A listening socket that web servers connect to; all fronts share it, and other processes may.
public struct Listener: ~Copyable, Sendable {
  let socket: Descriptor
  /// Held for as long as this listens at a path: of two processes at one path, one is told.
  private let claim: FileLock?
  /// The users that may connect; nil for all whom the socket lets in.
  private let peers: [UInt32]?

  /// Connections that may wait to be accepted; the kernel's own limit (somaxconn) is usually this.
  ///
  /// A full backlog makes nginx answer 502 at once.
  public static let backlogCount = 4096

  /// Listens at a path of the file system.
  ///
  /// The file `PATH.lock` beside it stays behind: a lock whose file is removed is no lock.
  ///
  /// - Parameters:
  ///   - user, group: whom the socket is given to; nil leaves it to whom weir runs as.
  ///   - peers: the users that may connect; nil for all whom the permissions let in.
  /// - Throws: EADDRINUSE where somebody listens there, EEXIST where it is no socket.
  public static func listen(
    at path: FilePath, permissions: UInt32 = 0o660, user: UInt32? = nil, group: UInt32? = nil,
    peers: [UInt32]? = nil
  ) throws(SystemCallError) -> Listener {
    let claim = FileLock(
      try Descriptor.open(FilePath(path.string + ".lock"), .createIfMissing))
    guard try claim.tryLock() else {
      throw SystemCallError(call: "bind", errno: .addressInUse, subject: path.string)
    }
    return Listener(
      socket: try UnixSocket.listen(
        at: path, backlog: backlogCount, permissions: permissions, user: user, group: group),
      claim: claim, peers: peers)
  }

  /// Takes over a listening socket that the process was started with, as spawn-fcgi hands over 0.
  ///
  /// It stays open in whoever else has it, and is nobody's to remove.
  ///
  /// - Parameter peers: the users that may connect; nil for all.
  /// - Throws: EBADF where the descriptor is not open, ENOTSOCK where it does not listen, EPROTOTYPE where it is
  ///   not one for streams, EAFNOSUPPORT where nobody can tell which user connects.
  public static func inherited(
    _ number: Int32, peers: [UInt32]? = nil
  ) throws(SystemCallError) -> Listener {
    let socket = try Descriptor.inherited(number)
    try socket.refuseUnlistening()
    if peers != nil, !socket.isUnixSocket {
      throw SystemCallError(
        call: "accept", errno: .addressFamilyNotSupported,
        subject: "descriptor \(number) (users are known at unix sockets only)")
    }
    try socket.setNonblocking()
    return Listener(socket: socket, claim: nil, peers: peers)
  }

  /// The path that it listens at; nil where it has none.
  public var path: String? { socket.socketPath }

  /// The user that a connection is to be refused for; nil where it may stay.
  func stranger(at connection: borrowing Descriptor) -> UInt32? {
    guard let peers else { return nil }
    guard let user = connection.peerUser else { return .max }
    return peers.contains(user) ? nil : user
  }
}
