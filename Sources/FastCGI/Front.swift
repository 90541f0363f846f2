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
    case response(Response, RequestName)
    case piece([UInt8], isLast: Bool, RequestName)
    case resume(RequestName)
    case stop
  }

  private enum Token {
    // Slabs never give out generation 0.
    static let waker = EpollToken(slot: 0, generation: 0)
    static let listener = EpollToken(slot: 1, generation: 0)
  }

  /// Nil once the front has been told to stop: the socket closes with the last front's.
  private var listener: SharedListener?
  let responder: any Responder
  let limits: FrontLimits
  let shortage: Shortage
  let mailbox: Mailbox<Letter>
  private let waker: Waker
  private let pulse: Pulse
  var epoll: Epoll
  var connections = TokenSlab<Connection>()
  var file: RequestFile
  var chunk = [UInt8](repeating: 0, count: FrontLimits.receiveByteCount)
  /// When accepting goes on; nil while it does.
  private var acceptsAgainAt: Int64?
  private var nextSweepAt: Int64 = 0
  /// When the front ends even if answers are missing; nil until it is told to stop.
  var endsAt: Int64?
  /// Whether idle connections are then parted with one after the other; not where the web server takes no notice.
  var partsSlowly = true
  private static let sweepNanoseconds: Int64 = 1_000_000_000

  init(
    _ listener: SharedListener?, _ responder: any Responder, _ limits: FrontLimits,
    _ shortage: Shortage, _ mailbox: Mailbox<Letter>, _ waker: Waker, _ pulse: Pulse
  ) throws(SystemCallError) {
    self.listener = listener
    self.responder = responder
    self.limits = limits
    self.shortage = shortage
    self.mailbox = mailbox
    self.waker = waker
    self.pulse = pulse
    epoll = try Epoll(eventCountMaximum: 256)
    file = try RequestFile()
    try waker.watch(in: epoll, token: Token.waker)
    try watchListener()
  }

  /// Serves until it is told to stop and every answer that was promised has been given.
  func run() throws(SystemCallError) {
    pulse.beat(now: Clock.monotonicNanoseconds())
    defer { pulse.end() }
    while !hasEnded {
      let count = try epoll.wait(timeout: timeout)
      for index in 0..<count { try handle(epoll.event(index)) }
      let now = Clock.monotonicNanoseconds()
      pulse.beat(now: now)
      if endsAt != nil { partWithIdle(now: now) }
      if let again = acceptsAgainAt, again <= now, endsAt == nil {
        acceptsAgainAt = nil
        try watchListener()
      }
      if now >= nextSweepAt { sweep(now: now) }
    }
  }

  private var timeout: Duration {
    if endsAt != nil { return .milliseconds(limits.partingPauseMilliseconds) }
    return acceptsAgainAt == nil ? .seconds(1) : .milliseconds(limits.acceptPauseMilliseconds)
  }

  private var hasEnded: Bool {
    guard let endsAt else { return false }
    return connections.count == 0 || Clock.monotonicNanoseconds() >= endsAt
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
      if event.readiness.isBroken,
        connection.peerHasFinished || connection.reply?.isPaused == true
      {
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
      for connection in connections.all { connection.reply?.sink?.stop() }
    case .response(let response, let name):
      give(response.rendered, isLast: true, to: name)
    case .piece(let bytes, let isLast, let name):
      give(bytes, isLast: isLast, to: name)
    case .resume(let name):
      if let connection = connection(of: name) { resumeBody(of: connection) }
    }
  }

  // MARK: - Accepting

  private func watchListener() throws(SystemCallError) {
    guard let listener else { return }
    try epoll.add(
      listener.listener.socket, for: [.readable, .exclusive], token: Token.listener)
  }

  /// Lets go of the listener, and takes those that have connected.
  ///
  /// Where others listen at it, too, one of these may have woken this front alone; who connects from now on
  /// wakes the others, or waits for them.
  private func stopAccepting() throws(SystemCallError) {
    if acceptsAgainAt == nil, let listener { try epoll.remove(listener.listener.socket) }
    acceptsAgainAt = nil
    try acceptAll()
    listener = nil
  }

  private func acceptAll() throws(SystemCallError) {
    guard let listener else { return }
    do throws(SystemCallError) {
      while connections.count < limits.connectionCountMaximum {
        guard let socket = try listener.listener.socket.accept() else { return }
        if let user = listener.listener.stranger(at: socket) {
          shortage.note(.stranger(user: user))
          continue
        }
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
    guard endsAt == nil else { return }
    // Those that wait stay in the backlog for a moment.
    try epoll.remove(listener.listener.socket)
    acceptsAgainAt =
      Clock.monotonicNanoseconds() + limits.acceptPauseMilliseconds * 1_000_000
  }

  func newGate() -> Gate {
    Gate(bodyByteCountMaximum: limits.requestBodyByteCountMaximum)
  }

  func deadline(_ seconds: Int64) -> Int64 {
    Clock.monotonicNanoseconds() + seconds * 1_000_000_000
  }

  /// Closes connections whose time is over.
  private func sweep(now: Int64) {
    nextSweepAt = now + Self.sweepNanoseconds
    for connection in connections.all where connection.deadline <= now {
      if case .answering(let reply) = connection.state, !reply.waitsForBody { continue }
      close(connection)
    }
  }

  func close(_ connection: Connection) {
    connections.release(connection.token)
    _ = connection.takeSocket()
    connection.reply?.sink?.abandon()
  }
}
