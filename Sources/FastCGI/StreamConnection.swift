public import Kernel

/// A connection whose request has been read and whose answer is a stream; whoever owns it writes
/// the records.
///
/// It closes itself.
public struct StreamConnection: ~Copyable, Sendable {
  /// What the peer has been up to.
  public enum PeerState: Hashable, Sendable {
    /// Nothing new.
    case quiet
    /// It has closed the connection, and has read all that was sent: the client is gone.
    case closed
    /// It has closed the connection without having read all that was sent (ECONNRESET, unix(7)).
    case broken
    /// It wants the request to end (FCGI_ABORT_REQUEST).
    case aborted
    /// It has sent something that does not belong here.
    case unexpected
  }

  /// The request's id, which every record names.
  public let requestID: UInt16
  private let socket: Descriptor

  init(_ socket: consuming Descriptor, requestID: UInt16) {
    self.socket = socket
    self.requestID = requestID
  }

  /// Sends `bytes` or a first part of them, without waiting.
  @inline(__always)
  public func send(_ bytes: Span<UInt8>) throws(SystemCallError) -> Transfer {
    try socket.send(bytes)
  }

  /// Whether the web server has read all that was sent.
  public var isDrained: Bool { socket.isDrained }

  /// Looks at what the peer has sent; to be asked when epoll reports the socket as readable.
  public func pollPeer() -> PeerState {
    var bytes = [UInt8](repeating: 0, count: 256)
    var span = bytes.mutableSpan
    guard let transfer = try? socket.receive(into: &span) else { return .broken }
    guard case .transferred(let count) = transfer else { return .quiet }
    if count == 0 { return .closed }
    guard count >= RecordHeader.byteCount else { return .unexpected }
    let header = RecordHeader(bytes.span, at: 0)
    let isAbort =
      header.type == RecordType.abortRequest.rawValue && header.requestID == requestID
    return isAbort ? .aborted : .unexpected
  }

  /// Has an epoll watch the connection.
  public func watch(
    in epoll: borrowing Epoll, for readiness: Readiness, token: EpollToken
  ) throws(SystemCallError) {
    try epoll.add(socket, for: readiness, token: token)
  }

  /// Changes what an epoll watches the connection for.
  public func rewatch(
    in epoll: borrowing Epoll, for readiness: Readiness, token: EpollToken
  ) throws(SystemCallError) {
    try epoll.modify(socket, for: readiness, token: token)
  }
}
