import Kernel

/// A connection from the web server that a front reads requests from; belongs to the front.
final class Connection {
  /// What the connection is at.
  enum State {
    /// Waiting for a request, or collecting it.
    case collecting(Gate)
    /// The request is being answered by somebody else, who may be taking its body.
    case answering(Reply)
    /// The socket is full: the rest of an answer, or of a piece of one, has to go first.
    case sending([UInt8], sentByteCount: Int, isLast: Bool, Reply)
    /// The request was answered before its body was whole: the rest of it goes by.
    case passing(Reply)
  }

  private var socket: Descriptor?
  let token: EpollToken
  /// Which of its requests is the present one.
  private(set) var requestNumber: UInt64 = 0
  var state: State
  /// Bytes that have come and are not used up.
  var received: [UInt8] = []
  /// Whether the peer has said that it sends no more; it may still read.
  var peerHasFinished = false
  /// Body bytes of the present request that were dropped because it is refused or answered.
  var discardedByteCount = 0
  /// When the connection is closed unless something happens, monotonic nanoseconds.
  var deadline: Int64

  init(_ socket: consuming Descriptor, token: EpollToken, gate: Gate, deadline: Int64) {
    self.socket = consume socket
    self.token = token
    self.deadline = deadline
    state = .collecting(gate)
  }

  /// The request that is being answered; nil while one is waited for or collected.
  var reply: Reply? {
    switch state {
    case .collecting: nil
    case .answering(let reply), .sending(_, _, _, let reply), .passing(let reply): reply
    }
  }

  /// Names the request that is to be answered; what its forerunners had named is theirs.
  func nameRequest() -> RequestName {
    requestNumber += 1
    return RequestName(connection: token, number: requestNumber)
  }

  /// Notes what has become of the request's body.
  func setInput(_ input: Reply.Input) {
    guard var reply else { return }
    reply.input = input
    switch state {
    case .collecting: break
    case .answering: state = .answering(reply)
    case .sending(let bytes, let count, let isLast, _):
      state = .sending(bytes, sentByteCount: count, isLast: isLast, reply)
    case .passing: state = .passing(reply)
    }
  }

  /// Gives the socket away; the connection has none afterwards.
  func takeSocket() -> Descriptor? {
    socket.take()
  }

  /// Whether nothing is being asked on it.
  var isIdle: Bool {
    guard case .collecting(let gate) = state else { return false }
    return !gate.hasBegun && received.isEmpty
  }

  /// Whether nothing is asked on it any more, and the peer is to close it.
  var isParting: Bool { isIdle && peerHasFinished }

  /// Lets the peer send nothing more; what it has sent can be received.
  func stopReceiving() {
    switch socket {
    case .some(let socket): socket.stopReceiving()
    case .none: break
    }
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
