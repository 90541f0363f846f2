import CLinux
import Glibc

/// Sends notices to a datagram socket of the unix family that need not be there (unix(7)).
public struct NoticeSocket: ~Copyable, Sendable {
  private let socket: Descriptor
  private let name: String

  /// A socket for notices to `name`: a path, or an abstract name that begins with `@`.
  public init(to name: String) throws(SystemCallError) {
    let kind = SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue
    socket = Descriptor(
      owning: try SystemCall.check("socket") { Glibc.socket(AF_UNIX, CInt(kind), 0) })
    self.name = name
  }

  /// Sends a text as one datagram; returns false where nobody takes it within a second.
  @discardableResult
  public func send(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    let number = socket.number
    return unsafe weir_send_datagram(number, name, bytes, bytes.count) == CInt(bytes.count)
  }
}
