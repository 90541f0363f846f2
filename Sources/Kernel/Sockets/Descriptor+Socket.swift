import CLinux
import Glibc
import SystemPackage

extension Descriptor {
  /// The next connection of a listener, non-blocking and close-on-exec, or nil where none waits
  /// (accept4(2)).
  ///
  /// A connection that its peer gave up while it waited is passed over.
  public func accept() throws(SystemCallError) -> Descriptor? {
    while true {
      do {
        let accepted = try SystemCall.check("accept4") {
          CLinux.accept4(
            number, nil, nil, CInt(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue))
        }
        return Descriptor(owning: accepted)
      } catch {
        if error.errno == .wouldBlock { return nil }
        if error.errno != .connectionAbort { throw error }
      }
    }
  }

  /// Sends `bytes` or a first part of them without SIGPIPE and without waiting (send(2)).
  @inline(__always)
  public func send(_ bytes: Span<UInt8>) throws(SystemCallError) -> Transfer {
    let number = number
    return try unsafe bytes.withUnsafeBufferPointer { (bytes) throws(SystemCallError) in
      try SystemCall.transfer("send") {
        unsafe Glibc.send(
          number, bytes.baseAddress, bytes.count,
          CInt(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
    }
  }

  /// Receives at most as many bytes as `buffer` holds, without waiting (recv(2)).
  public func receive(into buffer: inout MutableSpan<UInt8>) throws(SystemCallError) -> Transfer {
    let number = number
    return try unsafe buffer.withUnsafeMutableBufferPointer { (bytes) throws(SystemCallError) in
      try SystemCall.transfer("recv") {
        unsafe Glibc.recv(
          number, bytes.baseAddress, bytes.count, CInt(MSG_DONTWAIT))
      }
    }
  }

  /// Whether the peer of a unix socket has read all that was sent (SIOCOUTQ, unix(7)); an error
  /// counts as having read it.
  public var isDrained: Bool {
    var count: CInt = 0
    return unsafe weir_unread_count(number, &count) != 0 || count == 0
  }

  /// Makes calls on the descriptor return at once instead of waiting (O_NONBLOCK, fcntl(2)).
  public func setNonblocking() throws(SystemCallError) {
    _ = try SystemCall.check("fcntl") { weir_set_nonblocking(number) }
  }

  /// Throws where the descriptor is no stream socket that listens (SO_TYPE, SO_ACCEPTCONN, socket(7)).
  public func refuseUnlistening() throws(SystemCallError) {
    func refusal(_ errno: Errno, _ what: String) -> SystemCallError {
      SystemCallError(
        call: "accept", errno: errno, subject: "descriptor \(number) (which is \(what))")
    }
    guard let type = socketOption(SO_TYPE) else { throw refusal(.notSocket, "no socket") }
    guard type == SOCK_STREAM.rawValue else {
      throw refusal(.protocolWrongTypeForSocket, "a socket, but not one for streams")
    }
    guard socketOption(SO_ACCEPTCONN) == 1 else {
      throw refusal(.notSocket, "a socket that does not listen")
    }
  }

  /// Whether the descriptor is a socket of the unix family (SO_DOMAIN, socket(7)).
  public var isUnixSocket: Bool { socketOption(SO_DOMAIN) == AF_UNIX }

  private func socketOption(_ name: CInt) -> CInt? {
    var value: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    let result = unsafe Glibc.getsockopt(number, SOL_SOCKET, name, &value, &length)
    return result == 0 ? value : nil
  }

  /// The path that a unix socket is bound to; nil for any other socket, and one without a path (getsockname(2)).
  public var socketPath: String? {
    var bytes = [CChar](repeating: 0, count: 109)
    guard unsafe weir_socket_path(number, &bytes) == 0 else { return nil }
    let path = bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return path.isEmpty ? nil : String(decoding: path, as: UTF8.self)
  }

  /// The user as whom the peer of a unix socket has connected (SO_PEERCRED, unix(7)); nil for any other socket.
  ///
  /// In a user namespace it is 65534 for all users that are not of it.
  public var peerUser: UInt32? {
    var user: UInt32 = 0
    guard isUnixSocket, unsafe weir_peer_user(number, &user) == 0 else { return nil }
    return user
  }

  /// Makes the next send of a unix socket's peer fail (EPIPE); what it has sent by now can still be received
  /// (shutdown(2), SHUT_RD).
  public func stopReceiving() {
    // The only failure is a peer that has gone.
    _ = Glibc.shutdown(number, CInt(SHUT_RD))
  }
}
