import Kernel

/// A connection from the web server that a front reads requests from; belongs to the front.
final class Connection {
  /// What the connection is at.
  enum State {
    /// Waiting for a request, or collecting it.
    case collecting(Gate)
    /// The request is being answered by somebody else.
    case answering(requestID: UInt16, keepsConnection: Bool)
    /// The socket is full: the rest of an answer has to go first.
    case sending([UInt8], sentByteCount: Int, keepsConnection: Bool)
  }

  private var socket: Descriptor?
  let token: EpollToken
  var state: State
  /// Bytes that have come and are not used up.
  var received: [UInt8] = []
  /// Whether the peer has said that it sends no more; it may still read.
  var peerHasFinished = false
  /// Body bytes of the present request that were dropped because it is refused.
  var discardedByteCount = 0
  /// When the connection is closed unless something happens, monotonic nanoseconds.
  var deadline: Int64

  init(_ socket: consuming Descriptor, token: EpollToken, gate: Gate, deadline: Int64) {
    self.socket = consume socket
    self.token = token
    self.deadline = deadline
    state = .collecting(gate)
  }

  /// Gives the socket away; the connection has none afterwards.
  func takeSocket() -> Descriptor? {
    socket.take()
  }

  /// Sends `bytes` or a first part of them.
  func send(_ bytes: Span<UInt8>) throws(SystemCallError) -> Transfer {
    switch socket {
    case .some(let socket): try socket.send(bytes)
    case .none: .wouldBlock
    }
  }

  /// Receives into `chunk`.
  func receive(into chunk: inout [UInt8]) throws(SystemCallError) -> Transfer {
    switch socket {
    case .some(let socket):
      var span = chunk.mutableSpan
      return try socket.receive(into: &span)
    case .none:
      return .wouldBlock
    }
  }

  /// Lends the socket; does nothing where it was given away.
  func withSocket(
    _ body: (borrowing Descriptor) throws(SystemCallError) -> Void
  ) throws(SystemCallError) {
    switch socket {
    case .some(let socket): try body(socket)
    case .none: break
    }
  }
}
