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

  /// Whether the descriptor is a listening socket (SO_ACCEPTCONN, socket(7)).
  public var isListening: Bool {
    var value: CInt = 0
    var length = socklen_t(MemoryLayout<CInt>.size)
    let result = unsafe Glibc.getsockopt(number, SOL_SOCKET, SO_ACCEPTCONN, &value, &length)
    return result == 0 && value != 0
  }
}
