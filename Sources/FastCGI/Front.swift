import Kernel
import SystemPackage

/// Accepts connections, collects requests, has libfcgi parse them and a responder answer them: a
/// thread with its own epoll and its own connections.
///
/// Several fronts share one listener.
///
/// Nothing that a peer does or leaves undone makes a front wait.
final class Front {
  enum Letter: Sendable {
    case response(Response, EpollToken)
    case stop
  }

  private enum Token {
    // Slabs never give out generation 0.
    static let waker = EpollToken(slot: 0, generation: 0)
    static let listener = EpollToken(slot: 1, generation: 0)
  }

  /// Nil once the front has been told to stop: the socket closes with the last front's.
  private var listener: SharedListener?
  private let responder: any Responder
  private let limits: FrontLimits
  private let shortage: Shortage
  private let mailbox: Mailbox<Letter>
  private let waker: Waker
  private var epoll: Epoll
  private var connections = TokenSlab<Connection>()
  private let file: MemoryFile
  private var chunk = [UInt8](repeating: 0, count: FrontLimits.receiveByteCount)
  /// When accepting goes on; nil while it does.
  private var acceptsAgainAt: Int64?
  private var nextSweepAt: Int64 = 0
  /// When the front ends even if answers are missing; nil until it is told to stop.
  private var endsAt: Int64?
  private static let sweepNanoseconds: Int64 = 1_000_000_000

  init(
    _ listener: SharedListener?, _ responder: any Responder, _ limits: FrontLimits,
    _ shortage: Shortage, _ mailbox: Mailbox<Letter>, _ waker: Waker
  ) throws(SystemCallError) {
    self.listener = listener
    self.responder = responder
    self.limits = limits
    self.shortage = shortage
    self.mailbox = mailbox
    self.waker = waker
    epoll = try Epoll(eventCountMaximum: 256)
    file = try MemoryFile(name: "request")
    try waker.watch(in: epoll, token: Token.waker)
    try watchListener()
  }

  /// Serves until it is told to stop and every answer that was promised has been given.
  func run() throws(SystemCallError) {
    while !hasEnded {
      let count = try epoll.wait(timeout: timeout)
      for index in 0..<count { try handle(epoll.event(index)) }
      let now = Clock.monotonicNanoseconds()
      if let again = acceptsAgainAt, again <= now, endsAt == nil {
        acceptsAgainAt = nil
        try watchListener()
      }
      if now >= nextSweepAt { sweep(now: now) }
    }
  }

  private var timeout: Duration {
    acceptsAgainAt == nil && endsAt == nil
      ? .seconds(1) : .milliseconds(limits.acceptPauseMilliseconds)
  }

  private var hasEnded: Bool {
    guard let endsAt else { return false }
    if Clock.monotonicNanoseconds() >= endsAt { return true }
    return !connections.all.contains { connection in
      switch connection.state {
      case .answering, .sending: true
      case .collecting(let gate): gate.hasBegun || !connection.received.isEmpty
      }
    }
  }

  private func handle(
    _ event: (token: EpollToken, readiness: Readiness)
  ) throws(SystemCallError) {
    switch event.token {
    case Token.waker:
      waker.silence()
      for letter in mailbox.takeAll() { try take(letter) }
    case Token.listener:
      // accept4 would only say that nobody waits, and epoll report the same again at once.
      guard !event.readiness.isBroken else {
        throw SystemCallError(
          call: "accept4", errno: .invalidArgument,
          subject: "the listening socket, which another process has shut down")
      }
      try acceptAll()
    default:
      guard let connection = connections.element(event.token) else { return }
      // Both directions are closed: nobody reads the answer.
      if event.readiness.isBroken, connection.peerHasFinished {
        return close(connection)
      }
      if event.readiness.contains(.writable) { resume(connection) }
      if !event.readiness.isDisjoint(with: [.readable, .broken, .peerClosed]) {
        receive(connection)
      }
    }
  }

  private func take(_ letter: Letter) throws(SystemCallError) {
    switch letter {
    case .stop:
      endsAt = Clock.monotonicNanoseconds() + Fronts.stopPatience.wholeNanoseconds
      try stopAccepting()
      // What has been sent by now is answered.
      for connection in connections.all { receive(connection) }
    case .response(let response, let token):
      guard let connection = connections.element(token),
        case .answering(let requestID, let keepsConnection) = connection.state
      else { return }
      send(response, to: connection, requestID: requestID, keepsConnection: keepsConnection)
      if connections.element(token) != nil { advance(connection) }
    }
  }

  // MARK: - Accepting

  private func watchListener() throws(SystemCallError) {
    guard let listener else { return }
    try epoll.add(
      listener.listener.socket, for: [.readable, .exclusive], token: Token.listener)
  }

  /// Takes those that have connected, and lets go of the listener: the web server's next connect fails.
  private func stopAccepting() throws(SystemCallError) {
    if acceptsAgainAt == nil { try acceptAll() }
    if acceptsAgainAt == nil, let listener { try epoll.remove(listener.listener.socket) }
    acceptsAgainAt = nil
    listener = nil
  }

  private func acceptAll() throws(SystemCallError) {
    guard let listener else { return }
    do throws(SystemCallError) {
      while connections.count < limits.connectionCountMaximum {
        guard let socket = try listener.listener.socket.accept() else { return }
        let token = connections.reserve()
        do throws(SystemCallError) {
          try epoll.add(socket, for: [.readable, .peerClosed], token: token)
        } catch {
          connections.release(token)
          throw error
        }
        let connection = Connection(
          socket, token: token, gate: newGate(), deadline: deadline(limits.requestDurationSeconds))
        connections.insert(connection, at: token)
        // The request is usually there already.
        receive(connection)
      }
      shortage.note(.connections(countMaximum: limits.connectionCountMaximum))
    } catch {
      guard Shortage.isCause(of: error) else { throw error }
      shortage.note(.resources(error))
    }
    // Those that wait stay in the backlog for a moment.
    try epoll.remove(listener.listener.socket)
    acceptsAgainAt =
      Clock.monotonicNanoseconds() + limits.acceptPauseMilliseconds * 1_000_000
  }

  private func newGate() -> Gate {
    Gate(bodyByteCountMaximum: limits.requestBodyByteCountMaximum)
  }

  private func deadline(_ seconds: Int64) -> Int64 {
    Clock.monotonicNanoseconds() + seconds * 1_000_000_000
  }

  /// Closes connections whose time is over.
  private func sweep(now: Int64) {
    nextSweepAt = now + Self.sweepNanoseconds
    for connection in connections.all where connection.deadline <= now {
      if case .answering = connection.state { continue }
      close(connection)
    }
  }

  private func close(_ connection: Connection) {
    connections.release(connection.token)
    _ = connection.takeSocket()
  }

  // MARK: - Collecting a request

  private func receive(_ connection: Connection) {
    while true {
      let transfer: Transfer
      do {
        transfer = try connection.receive(into: &chunk)
      } catch {
        return close(connection)
      }
      guard case .transferred(let count) = transfer else { return }
      if count == 0 { return finishReceiving(connection) }
      let isFirst = connection.received.isEmpty
      connection.received.append(contentsOf: chunk[..<count])
      switch connection.state {
      case .collecting(let gate):
        if isFirst, !gate.hasBegun { connection.deadline = deadline(limits.requestDurationSeconds) }
        advance(connection)
        if connections.element(connection.token) !== connection { return }
      case .answering, .sending:
        guard connection.received.count <= limits.requestBodyByteCountMaximum else {
          return close(connection)
        }
      }
      if count < chunk.count { return }
    }
  }

  /// The peer sends no more: what is not whole now never will be, but what is being answered may
  /// still be read.
  private func finishReceiving(_ connection: Connection) {
    if case .collecting = connection.state { return close(connection) }
    connection.peerHasFinished = true
    do { try watchSocket(of: connection) } catch { close(connection) }
  }

  /// Has epoll tell what the connection waits for.
  private func watchSocket(of connection: Connection) throws(SystemCallError) {
    var readiness: Readiness = connection.peerHasFinished ? [] : [.readable, .peerClosed]
    if case .sending = connection.state { readiness.insert(.writable) }
    try epoll.rewatch(connection, for: readiness)
  }

  /// Answers every request that is whole in what has been received.
  private func advance(_ connection: Connection) {
    while case .collecting(var gate) = connection.state {
      let verdict = gate.inspect(connection.received.span)
      connection.state = .collecting(gate)
      switch verdict {
      case .incomplete:
        if connection.peerHasFinished { return close(connection) }
        return dropRefusedBody(connection, gate)
      case .complete(let byteCount, let requestID):
        answer(connection, byteCount: byteCount, requestID: requestID)
      case .tooLarge(let byteCount, let requestID, let keepsConnection):
        consume(connection, byteCount)
        let refusal = Refusal.bodyTooLarge(
          byteCountMaximum: limits.requestBodyByteCountMaximum)
        send(
          responder.refuse(refusal), to: connection, requestID: requestID,
          keepsConnection: keepsConnection)
      case .management(let byteCount):
        let answer = ManagementRecord.answer(to: connection.received.span)
        consume(connection, byteCount)
        send(answer, to: connection, keepsConnection: true)
      case .unknownRole(let requestID):
        var answer: [UInt8] = []
        RecordHeader.appendEnd(
          requestID: requestID, protocolStatus: .unknownRole, to: &answer)
        send(answer, to: connection, keepsConnection: false)
      case .aborted(let byteCount, let requestID, let keepsConnection):
        consume(connection, byteCount)
        var answer: [UInt8] = []
        RecordHeader.appendEnd(requestID: requestID, protocolStatus: .complete, to: &answer)
        send(answer, to: connection, keepsConnection: keepsConnection)
      case .stray(let byteCount):
        consume(connection, byteCount)
        connection.state = .collecting(newGate())
        connection.deadline = deadline(limits.idleDurationSeconds)
      case .malformed:
        return close(connection)
      }
      guard connections.element(connection.token) === connection else { return }
      if connection.received.isEmpty, !connection.peerHasFinished { return }
    }
  }

  /// A body over the limit is read to its end, so that the web server reads the answer, but not
  /// kept.
  private func dropRefusedBody(_ connection: Connection, _ gate: Gate) {
    guard gate.isOverLimit else { return }
    var gate = gate
    let count = gate.forgetLookedAt()
    connection.received.removeFirst(count)
    connection.discardedByteCount += count
    connection.state = .collecting(gate)
    if connection.discardedByteCount > limits.discardedBodyByteCountMaximum { close(connection) }
  }

  /// Takes bytes that are done with off the front of what was received.
  private func consume(_ connection: Connection, _ byteCount: Int) {
    connection.discardedByteCount = 0
    if byteCount == connection.received.count {
      connection.received = []
    } else {
      connection.received.removeFirst(byteCount)
    }
  }

  // MARK: - Answering

  private func answer(_ connection: Connection, byteCount: Int, requestID: UInt16) {
    do throws(SystemCallError) {
      try file.replaceContent(with: connection.received.span.extracting(0..<byteCount))
      consume(connection, byteCount)
      guard let request = try Request(file) else { return close(connection) }
      let keepsConnection = request.keepsConnection
      connection.state = .answering(requestID: requestID, keepsConnection: keepsConnection)
      let exchange = Exchange(mailbox: mailbox, token: connection.token)
      switch responder.answer(request, exchange: exchange) {
      case .now(let response):
        send(
          response, to: connection, requestID: requestID, keepsConnection: keepsConnection)
      case .later:
        break
      case .stream(let take):
        try epoll.remove(of: connection)
        connections.release(connection.token)
        if let socket = connection.takeSocket() {
          take(StreamConnection(socket, requestID: requestID))
        }
      }
    } catch {
      shortage.note(.resources(error))
      close(connection)
    }
  }

  private func send(
    _ response: Response, to connection: Connection, requestID: UInt16, keepsConnection: Bool
  ) {
    var frame = OutputFrame(requestID: requestID)
    frame.append(response.rendered)
    frame.appendEnd()
    send(frame.finish(), to: connection, keepsConnection: keepsConnection)
  }

  private func send(_ bytes: [UInt8], to connection: Connection, keepsConnection: Bool) {
    do {
      let transfer = try connection.send(bytes.span)
      let sent = if case .transferred(let count) = transfer { count } else { 0 }
      if sent == bytes.count { return finish(connection, keepsConnection: keepsConnection) }
      connection.state = .sending(bytes, sentByteCount: sent, keepsConnection: keepsConnection)
      connection.deadline = deadline(limits.requestDurationSeconds)
      try watchSocket(of: connection)
    } catch {
      close(connection)
    }
  }

  private func resume(_ connection: Connection) {
    guard case .sending(let bytes, let done, let keepsConnection) = connection.state else {
      return
    }
    do {
      let transfer = try connection.send(bytes.span.extracting(done...))
      guard case .transferred(let count) = transfer else { return }
      guard done + count == bytes.count else {
        connection.state = .sending(
          bytes, sentByteCount: done + count, keepsConnection: keepsConnection)
        return
      }
      finish(connection, keepsConnection: keepsConnection)
      guard connections.element(connection.token) === connection else { return }
      try watchSocket(of: connection)
      advance(connection)
    } catch {
      close(connection)
    }
  }

  private func finish(_ connection: Connection, keepsConnection: Bool) {
    guard keepsConnection, endsAt == nil else { return close(connection) }
    connection.state = .collecting(newGate())
    connection.deadline = deadline(limits.idleDurationSeconds)
  }
}

extension Epoll {
  /// Stops watching a connection's socket.
  fileprivate func remove(of connection: Connection) throws(SystemCallError) {
    try connection.withSocket { socket throws(SystemCallError) in try remove(socket) }
  }

  /// Changes what a connection's socket is watched for.
  fileprivate func rewatch(
    _ connection: Connection, for readiness: Readiness
  ) throws(SystemCallError) {
    let token = connection.token
    try connection.withSocket { socket throws(SystemCallError) in
      try modify(socket, for: readiness, token: token)
    }
  }
}
