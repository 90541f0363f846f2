import Kernel

/// All open streams, read by the one thread that owns them.
struct Subscriptions: ~Copyable {
  /// So many connects are under way at a time, well below nginx's backlog of 511.
  private static let openingCountMaximum = 200

  private let endpoint: Endpoint
  private let request: [UInt8]
  private var epoll: Epoll
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  private var subscriptions: [Subscription] = []
  private var openCount = 0
  /// Streams that have ended before the measurement did.
  private(set) var endedCount = 0

  /// None yet.
  init(to endpoint: Endpoint) throws {
    self.endpoint = endpoint
    let text =
      "GET \(endpoint.path) HTTP/1.1\r\nHost: \(endpoint.authority)\r\n"
      + "Accept: text/event-stream\r\n\r\n"
    request = Array(text.utf8)
    epoll = try Epoll(eventCountMaximum: 1024)
  }

  /// What each stream has shown.
  var tracks: [SequenceTrack] { subscriptions.map(\.track) }

  /// Opens `count` streams and returns once all of them have their response's head.
  mutating func open(_ count: Int, _ tally: inout Tally, deadline: Deadline) throws {
    // Beside the streams: the publishing connections and what a process has open anyway.
    try Platform.allowDescriptors(count + 200)
    while openCount < count {
      try deadline.check("streams are opened (\(openCount) of \(count))")
      while subscriptions.count < count,
        subscriptions.count - openCount < Self.openingCountMaximum
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
    let count = try epoll.wait(timeout: timeout)
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
  }

  private mutating func read(
    _ subscription: Subscription, _ token: EpollToken, _ tally: inout Tally
  ) throws {
    if subscription.state == .connecting {
      try sendRequest(subscription, token)
      return
    }
    var span = buffer.mutableSpan
    let byteCount: Int
    do {
      let transfer = try subscription.descriptor.receive(into: &span)
      guard case .transferred(let count) = transfer else { return }
      byteCount = count
    } catch {
      byteCount = 0  // reset: as good as ended
    }
    guard byteCount > 0 else {
      try end(subscription)
      return
    }
    let wasOpen = subscription.state == .open
    let now = Clock.monotonicNanoseconds()
    try subscription.take(buffer.span.extracting(0..<byteCount), now: now, &tally)
    if !wasOpen, subscription.state == .open { openCount += 1 }
    if subscription.state == .ended { try end(subscription) }
  }

  private mutating func sendRequest(
    _ subscription: Subscription, _ token: EpollToken
  ) throws {
    do {
      // A fresh connection takes a request whole.
      let sent = try subscription.descriptor.send(request.span)
      guard case .transferred(request.count) = sent else { return }
    } catch {
      throw Failure("no connection to \(endpoint.authority) (\(error)): is nginx up there?")
    }
    subscription.state = .awaitingHead
    try epoll.modify(subscription.descriptor, for: .readable, token: token)
  }

  private mutating func end(_ subscription: Subscription) throws {
    subscription.state = .ended
    endedCount += 1
    try epoll.remove(subscription.descriptor)
  }
}
