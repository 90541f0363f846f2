import Kernel

/// All open streams, read by the one thread that owns them.
struct Subscriptions: ~Copyable {
  /// So many connects are under way at a time, well below nginx's backlog of 511.
  private static let openingCountMaximum = 200
  /// The pause between two looks at the streams, by which latencies are too long at most.
  ///
  /// Without it the sender wakes this thread again and again, and pays for it: on loopback that is
  /// a third of what nginx does, and no client on a network asks for it. There is none while more
  /// streams are ready than a look shows.
  private static let lingering: Duration = .milliseconds(1)
  private static let lookCountMaximum = 1024
  private static let pieceByteCountMaximum = 256 << 10

  private let endpoint: Endpoint
  /// The request of the stream with the number.
  private let request: (Int) -> [UInt8]
  private var epoll: Epoll
  private var mayBeMore = false
  private var buffer = [UInt8](repeating: 0, count: 2 * pieceByteCountMaximum)
  private var subscriptions: [Subscription] = []
  private(set) var openCount = 0
  /// Streams that have ended before the measurement did.
  private(set) var endedCount = 0
  /// Streams that were answered with another status than 200, or whose connection broke before.
  private(set) var refusedCount = 0
  /// Whether refused streams are counted; else the first one ends the measurement.
  private let countsRefused: Bool
  /// How long each stream took from its connect to its response's head.
  private(set) var opening = Histogram()
  private var startedAt: [Int64] = []

  /// None yet.
  ///
  /// - Parameters:
  ///   - topics: names the topics that the stream with the number asks for, beside the endpoint's.
  ///   - lastEventID: the event behind which all streams begin.
  init(
    to endpoint: Endpoint, topics: @escaping (Int) -> [String] = { _ in [] },
    lastEventID: String? = nil, countsRefused: Bool = false
  ) throws {
    self.endpoint = endpoint
    self.countsRefused = countsRefused
    let resumption = lastEventID.map { "Last-Event-ID: \($0)\r\n" } ?? ""
    request = { number in
      let names = topics(number).map { "topic=\($0)" }.joined(separator: "&")
      let path = names.isEmpty ? endpoint.path : "\(endpoint.path)?\(names)"
      return Array(
        ("GET \(path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n"
          + "Accept: text/event-stream\r\n\(resumption)\r\n").utf8)
    }
    epoll = try Epoll(eventCountMaximum: Self.lookCountMaximum)
  }

  /// What each stream has shown.
  var tracks: [SequenceTrack] { subscriptions.map(\.track) }

  /// Opens `count` streams and returns once all of them have their response's head, or it is `end`.
  mutating func open(
    _ count: Int, _ tally: inout Tally, until end: Deadline? = nil, deadline: Deadline
  ) throws {
    // Beside the streams: the publishing connections and what a process has open anyway.
    try Platform.allowDescriptors(count + 200)
    subscriptions.reserveCapacity(count)
    while openCount + refusedCount < count {
      if let end, end.isPast { return }
      try deadline.check("streams are opened (\(openCount) of \(count))")
      while subscriptions.count < count,
        subscriptions.count - openCount - refusedCount < Self.openingCountMaximum
      {
        try openOne()
      }
      try read(&tally, timeout: .milliseconds(100))
      if endedCount > 0 {
        throw Failure(
          "nginx or the hub has ended a stream while others were opened: see their logs")
      }
    }
  }

  /// Waits until something comes, or `timeout` is over, and takes what has come.
  mutating func read(_ tally: inout Tally, timeout: Duration) throws {
    if !mayBeMore { Clock.pause(Self.lingering) }
    let count = try epoll.wait(timeout: timeout)
    mayBeMore = count == Self.lookCountMaximum
    for index in 0..<count {
      let (token, _) = epoll.event(index)
      try read(subscriptions[Int(token.slot)], token, &tally)
    }
  }

  private mutating func openOne() throws {
    let subscription = Subscription(try Platform.connect(to: endpoint))
    let token = EpollToken(slot: UInt32(subscriptions.count), generation: 0)
    try epoll.add(subscription.descriptor, for: .writable, token: token)
    subscriptions.append(subscription)
    startedAt.append(Clock.monotonicNanoseconds())
  }

  private mutating func read(
    _ subscription: Subscription, _ token: EpollToken, _ tally: inout Tally
  ) throws {
    if subscription.state == .connecting {
      try sendRequest(subscription, token)
      return
    }
    let keptCount = subscription.kept.count
    let room = keptCount + Self.pieceByteCountMaximum
    if buffer.count < room { buffer += repeatElement(0, count: room - buffer.count) }
    Platform.copy(subscription.kept, to: &buffer)
    guard
      let byteCount = Platform.receive(
        from: subscription.descriptor, into: &buffer, at: keptCount,
        byteCountMaximum: Self.pieceByteCountMaximum)
    else { return }
    // A reset is as good as an end.
    guard byteCount > 0 else { return try end(subscription) }
    let wasOpen = subscription.state == .open
    let now = Clock.monotonicNanoseconds()
    do {
      try subscription.take(&buffer, byteCount: keptCount + byteCount, now: now, &tally)
    } catch {
      guard countsRefused, error.status != 0 else { throw error }
      return try end(subscription)
    }
    if !wasOpen, subscription.state == .open {
      openCount += 1
      opening.record(now - startedAt[Int(token.slot)])
    }
    if subscription.state == .ended { try end(subscription) }
  }

  private mutating func sendRequest(
    _ subscription: Subscription, _ token: EpollToken
  ) throws {
    let request = request(Int(token.slot))
    do {
      // A fresh connection takes a request whole.
      let sent = try subscription.descriptor.send(request.span)
      guard case .transferred(request.count) = sent else { return }
    } catch {
      guard countsRefused else {
        throw Failure("no connection to \(endpoint.authority) (\(error)): is nginx up there?")
      }
      return try end(subscription)
    }
    subscription.state = .awaitingHead
    try epoll.modify(subscription.descriptor, for: .readable, token: token)
  }

  private mutating func end(_ subscription: Subscription) throws {
    let wasOpen = subscription.state == .open || subscription.state == .ended
    subscription.state = .ended
    if wasOpen || !countsRefused { endedCount += 1 } else { refusedCount += 1 }
    try epoll.remove(subscription.descriptor)
  }
}
