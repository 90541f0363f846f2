import EventStream
import FastCGI
import FileQueue
import HeapModule
import Kernel
import Logging

/// Serves streams: a thread with its own epoll, its own subscribers and its own place in the queue.
///
/// Everything in here belongs to that thread; the only way in is a ``StreamLoopDoor``. Other files
/// add delivery and subscribing as extensions.
final class StreamLoop {
  enum Token {
    // Slabs begin with generation 1, so these never collide with a subscriber's.
    static let waker = EpollToken(slot: 0, generation: 0)
    static let queue = EpollToken(slot: 1, generation: 0)
  }

  let queue: Queue
  let configuration: HubConfiguration
  let log: Logger
  private let door: StreamLoopDoor
  private var epoll: Epoll
  private let watch: FileWatch?

  var reader: QueueReader
  /// How far the loop has read for its live subscribers.
  var feed: Cursor
  var subscribers = TokenSlab<Subscriber>()
  var audiences = Audiences()
  /// Audiences whose frame the feed has put something into.
  var touched: [Audience] = []
  /// Subscribers that wait until the feed is where they begin.
  var joining: [Subscriber] = []
  /// Subscribers that are behind and whose sockets have room.
  var behind: [Subscriber] = []
  var timers = Heap<LoopTimer>()
  var pacing = Pacing()
  /// When the feed may be read again after it could not be.
  var feedPause = ReadPause()
  var failures = FailureReports()
  var isStopping = false
  /// When the last stream is to end, monotonic nanoseconds; nil until the worker stops.
  var drainEndsAt: Int64?

  init(
    _ queue: Queue, _ configuration: HubConfiguration, _ door: StreamLoopDoor, _ log: Logger
  ) throws {
    self.queue = queue
    self.configuration = configuration
    self.door = door
    self.log = log
    reader = QueueReader(queue)
    feed = try reader.cursor(at: queue.durableNext)
    epoll = try Epoll(eventCountMaximum: HubLimits.epollEventCountMaximum)
    try door.waker.watch(in: epoll, token: Token.waker)
    do {
      let watch = try queue.watch()
      try watch.watch(in: epoll, token: Token.queue)
      self.watch = consume watch
    } catch {
      // Looking every quarter of a second still delivers everything.
      log.warning("no watch on the queue, events come with delay", metadata: ["error": "\(error)"])
      watch = nil
    }
    let now = Clock.monotonicNanoseconds()
    timers.insert(LoopTimer(deadline: now + heartbeatTick, task: .heartbeat))
    if configuration.isDemo {
      timers.insert(LoopTimer(deadline: now + Self.clockNanoseconds, task: .clock))
    }
    endAged(now: now)
  }

  /// Serves until it is told to stop; then all streams have ended.
  func run() throws(SystemCallError) {
    while !isStopping {
      let count = try epoll.wait(timeout: timeout())
      for index in 0..<count { handle(epoll.event(index)) }
      runTimers()
      if feed.sequence < queue.durableNext, passDelay(now: Clock.monotonicNanoseconds()) == 0 {
        runPass()
      }
      joinWaiting()
      serveBehind()
    }
    // What was acknowledged a moment ago; whoever is not live gets it on coming back.
    if feed.sequence < queue.durableNext { runPass() }
    endAll()
  }

  /// Ends every stream.
  func endAll() {
    for subscriber in subscribers.all { end(subscriber) }
  }

  /// Nanoseconds until the next pass may begin; 0 for at once.
  private func passDelay(now: Int64) -> Int64 {
    max(pacing.delay(now: now), feedPause.delay(now: now))
  }

  private func timeout() -> Duration {
    let now = Clock.monotonicNanoseconds()
    if !behind.isEmpty { return .zero }
    var nanoseconds = HubLimits.watchInterval.wholeNanoseconds
    if let next = timers.min { nanoseconds = min(nanoseconds, max(0, next.deadline - now)) }
    if feed.sequence < queue.durableNext {
      nanoseconds = min(nanoseconds, passDelay(now: now))
    }
    return .nanoseconds(nanoseconds)
  }

  private func handle(_ event: (token: EpollToken, readiness: Readiness)) {
    switch event.token {
    case Token.waker:
      door.waker.silence()
      for letter in door.mailbox.takeAll() {
        switch letter {
        case .subscribe(let arrival, let handover): open(arrival, handover)
        case .drain(let time): beginDrain(over: time)
        case .stop: isStopping = true
        }
      }
    case Token.queue:
      watch?.clear()
    default:
      guard let subscriber = subscribers.element(event.token) else { return }
      if !event.readiness.isDisjoint(with: [.readable, .peerClosed, .broken]),
        connectionHasEnded(subscriber)
      {
        return
      }
      if event.readiness.contains(.writable) { resume(subscriber) }
    }
  }

  private func connectionHasEnded(_ subscriber: Subscriber) -> Bool {
    switch subscriber.connection.pollPeer() {
    case .quiet:
      return false
    case .aborted:
      end(subscriber)
      return true
    case .closed, .unexpected:
      close(subscriber)
      return true
    }
  }

  // MARK: - Watching sockets

  /// Has epoll tell when the peer goes, and when the socket has room if that is waited for.
  func watchConnection(of subscriber: Subscriber, isNew: Bool, forRoom: Bool) throws {
    let readiness: Readiness =
      forRoom ? [.readable, .peerClosed, .writable] : [.readable, .peerClosed]
    if isNew {
      try subscriber.connection.watch(in: epoll, for: readiness, token: subscriber.token)
    } else {
      try subscriber.connection.rewatch(in: epoll, for: readiness, token: subscriber.token)
    }
  }
}
