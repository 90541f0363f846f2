import DequeModule
import EventStream
import FastCGI
package import Figures
package import FileQueue
import HeapModule
package import Kernel
package import Logging

/// Serves streams: a thread with its own epoll, its own subscribers and its own place in the queue.
///
/// Everything in here belongs to that thread; the only way in is a ``StreamLoopDoor``. Other files
/// add, as extensions, how subscribers come and go, passes, catching up and silences.
package final class StreamLoop {
  enum Token {
    // Slabs begin with generation 1, so these never collide with a subscriber's.
    static let waker = EpollToken(slot: 0, generation: 0)
    static let queue = EpollToken(slot: 1, generation: 0)
  }

  let queue: Queue
  private(set) var configuration: StreamConfiguration
  let log: Logger
  /// Milliseconds since 1970: what expiry is judged by.
  let wall: @Sendable () -> Int64
  let door: StreamLoopDoor
  private var epoll: Epoll
  private let watch: FileWatch?
  private let counters: Counters
  private let pulse: Pulse
  let counts: LoopCounts

  var reader: QueueReader
  /// How far the loop has read for its live subscribers.
  var feed: Cursor
  var subscribers = TokenSlab<Subscriber>()
  var audiences = Audiences()
  var frames = FramePool()
  /// The event that was rendered as JSON last, and which one it is.
  var line: [UInt8] = []
  var lineSequence: UInt64 = 0
  /// Subscribers that wait until the feed is where they begin.
  var joining: [Subscriber] = []
  /// Subscribers that are behind and whose sockets have room, in the order of their turns; by their
  /// tokens, so that one that is closed goes at once.
  var behind = Deque<EpollToken>()
  var replayTurns = ReplayTurns()
  var timers = Heap<LoopTimer>()
  /// When live subscribers may be written to, and when those that are behind.
  var pacing = Pacing(patience: StreamLimits.pacingPatience)
  var replayPacing = Pacing(patience: StreamLimits.replayPatience)
  /// Whether the watch has told that the durable end moved; it tells no more until it is cleared.
  private var hasMoved = false
  /// When the feed may be read again after it could not be.
  var feedPause = ReadPause()
  /// The groups that streams may be members of.
  let groups: Groups?
  /// Members that were sent something which the web server is not known to have read.
  var unreadMembers: [EpollToken] = []
  /// When they are looked at, monotonic nanoseconds, and after what pause.
  var memberLook: Int64?
  var memberPause = StreamLimits.memberLookMinimum
  var failures = FailureReports()
  var isStopping = false
  /// Streams of which is not known whether they may go on, since the rules have changed.
  var unreviewed: [EpollToken] = []
  /// Whether a timer will look for streams whose time is over.
  var watchesAges = false
  /// When the last stream is to end, monotonic nanoseconds; nil until the worker stops.
  var drainEndsAt: Int64?

  /// A loop without streams, at the durable end of a queue; made on the thread that runs it.
  ///
  /// - Parameters:
  ///   - counters: the worker's.
  ///   - index: of the loop among those of its worker.
  ///   - groups: the worker's.
  ///   - pulse: shows whether it turns.
  package init(
    _ queue: Queue, _ configuration: StreamConfiguration, _ door: StreamLoopDoor, _ log: Logger,
    _ counters: Counters, index: Int, groups: Groups? = nil,
    pulse: Pulse = Pulse(name: "stream-loop"),
    wall: @escaping @Sendable () -> Int64 = Clock.unixMilliseconds
  ) throws {
    self.queue = queue
    self.wall = wall
    self.groups = groups
    self.pulse = pulse
    self.configuration = configuration
    self.door = door
    self.log = log
    self.counters = counters
    counts = LoopCounts(index: index)
    reader = QueueReader(queue)
    feed = try reader.cursor(at: queue.durableNext)
    epoll = try Epoll(eventCountMaximum: StreamLimits.epollEventCountMaximum)
    try door.waker.watch(in: epoll, token: Token.waker)
    do {
      let watch = try queue.watch()
      try watch.watch(in: epoll, token: Token.queue)
      self.watch = consume watch
    } catch {
      // Looking every quarter of a second still delivers everything.
      log.warning(
        "no watch on the queue, events come with delay",
        metadata: ["error": "\(error.descriptionWithAdvice)"])
      watch = nil
    }
    if configuration.isDemo { startClock() }
    breakSilenceOfOthers(now: Clock.monotonicNanoseconds())
  }

  /// Serves until it is told to stop; then all streams have ended.
  package func run() throws(SystemCallError) {
    var timeout: Int64 = 0
    pulse.beat(now: Clock.monotonicNanoseconds())
    defer { pulse.end() }
    while !isStopping {
      let count = try epoll.wait(timeout: .nanoseconds(timeout))
      for index in 0..<count { handle(epoll.event(index)) }
      runTimers()
      timeout = StreamLimits.watchInterval.wholeNanoseconds
      joinWaiting()
      if feed.sequence < queue.durableNext, let delay = passIfOpen() {
        timeout = min(timeout, delay)
      } else if hasMore() {
        timeout = 0
      }
      // Those whose beginning the feed has passed have to read from the queue.
      joinWaiting()
      if !behind.isEmpty { timeout = min(timeout, serveBehindIfOpen()) }
      joinWaiting()
      if let next = timers.min {
        timeout = min(timeout, max(0, next.deadline - Clock.monotonicNanoseconds()))
      }
      let now = Clock.monotonicNanoseconds()
      counts.flush(to: counters, now: now)
      pulse.beat(now: now)
    }
    // What was acknowledged a moment ago; whoever is not live gets it on coming back.
    if feed.sequence < queue.durableNext { runPass() }
    endAll()
    counts.flush(to: counters, now: Clock.monotonicNanoseconds())
  }

  /// Ends every stream.
  func endAll() {
    for subscriber in subscribers.all { end(subscriber) }
  }

  /// Whether there is more than the feed has read; if not, asks to be woken when there is.
  ///
  /// Not before: while a pass has to wait, each event that is published would wake the loop for nothing.
  private func hasMore() -> Bool {
    if hasMoved, feed.sequence >= queue.durableNext {
      hasMoved = false
      watch?.clear()
    }
    return feed.sequence < queue.durableNext
  }

  /// Makes a pass, or returns how many nanoseconds it has to wait.
  private func passIfOpen() -> Int64? {
    let now = Clock.monotonicNanoseconds()
    let delay = max(pacing.delay(now: now, isDrained: isDrained), feedPause.delay(now: now))
    if delay > 0 {
      counts.noteHeldPass(now: now)
      return delay
    }
    counts.notePass(now: now)
    runPass()
    return nil
  }

  /// Serves those who are behind if it is time; returns nanoseconds until the loop is to look again.
  private func serveBehindIfOpen() -> Int64 {
    let delay = replayPacing.delay(now: Clock.monotonicNanoseconds(), isDrained: isDrained)
    if delay > 0 { return delay }
    serveBehind()
    return behind.isEmpty ? StreamLimits.watchInterval.wholeNanoseconds : 0
  }

  private func isDrained(_ token: EpollToken) -> Bool {
    subscribers.element(token)?.connection.isDrained ?? true
  }

  private func handle(_ event: (token: EpollToken, readiness: Readiness)) {
    switch event.token {
    case Token.waker:
      door.waker.silence()
      for letter in door.mailbox.takeAll() {
        switch letter {
        case .subscribe(let arrival, let handover): open(arrival, handover)
        case .assign(let token, let assignments): assign(assignments, to: token)
        case .tell(let token, let gap): tell(token, gap)
        case .finish(let token): finishMember(token)
        case .dismiss(let token, let reason): dismiss(token, reason)
        case .configure(let configuration): configure(configuration)
        case .reviewPermits: reviewPermits()
        case .drain(let time): beginDrain(over: time)
        case .stop: isStopping = true
        }
      }
    case Token.queue:
      hasMoved = true
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

  /// Serves in another way from now on, as ``StreamLoopDoor/configure(_:)`` has it.
  func configure(_ wanted: StreamConfiguration) {
    let ageMaximum = configuration.ageMaximum
    configuration.heartbeatInterval = wanted.heartbeatInterval
    configuration.ageMaximum = wanted.ageMaximum
    let now = Clock.monotonicNanoseconds()
    restartSilences(now: now)
    if ageMaximum != wanted.ageMaximum { restartAges(now: now) }
  }

  private func connectionHasEnded(_ subscriber: Subscriber) -> Bool {
    switch subscriber.connection.pollPeer() {
    case .quiet:
      return false
    case .aborted:
      subscriber.membership?.hasReadAll = false
      end(subscriber)
      return true
    case .closed:
      subscriber.membership?.hasReadAll = true
      close(subscriber)
      return true
    case .broken, .unexpected:
      subscriber.membership?.hasReadAll = false
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
