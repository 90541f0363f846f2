import Diagnosis
import HTTPClient
import Kernel

/// Looks at a site, one thing after the other, while a quiet stream is held; belongs to one thread.
struct Examination {
  /// How long a stream may take to begin, and an event to arrive.
  private static let patienceSeconds = 3.0
  /// Bytes of what a browser with many cookies sends, and of an address of many topics: less than nginx takes if
  /// nobody has changed it.
  private static let cookieByteCount = 6 << 10
  private static let addressByteCount = 2 << 10
  /// Together more than the 65,535 bytes of a FastCGI request's parameters, in which the address stands twice.
  private static let failingAddressByteCount = 28_000
  private static let failingCookieByteCount = 12_000

  private let plan: ExaminationPlan
  private let prober: Prober

  init(_ plan: ExaminationPlan) throws {
    self.plan = plan
    prober = try Prober(plan)
  }

  /// Looks.
  ///
  /// - Throws: `CommandFailure` where nobody answers, or somebody else than a weir.
  func run() throws -> Sights {
    let quiet = try prober.open(stream(event: ProbeTexts.unusedEvent))
    wait(for: { quiet.hasHead }, looking: quiet)
    let now = Clock.unixMilliseconds()
    // Where even the head of a stream is kept back, what ends is answered.
    try refuseStrangers(
      quiet.hasHead ? quiet.sight.opening : prober.ask(poll()) { quiet.look() })
    let live = try prober.open(stream())
    wait(for: { live.hasBegun }, looking: live, and: quiet)
    var sights = Sights(
      viewpoint: viewpoint(quiet, unixMilliseconds: now), live: live.sight, quiet: quiet.sight)
    if !plan.isReadOnly, sights.live.isServed {
      publish(&sights, live: live, quiet: quiet)
    }
    let ask = { (probe: Probe) in prober.ask(probe) { quiet.look() } }
    sights.anonymousPublish = anonymousPublish(sights, ask)
    if sights.anonymousPublish?.reply?.field("code") == "not_local" {
      sights.forgedPublish = ask(anonymousEvent(from: "127.0.0.1"))
    }
    sights.json = ask(poll([(name: "Accept", value: "application/json")]))
    sights.resumeByHeader = ask(poll([(name: "Last-Event-ID", value: ProbeTexts.unknownID)]))
    sights.resumeByQuery = ask(poll(query: [(name: "last_event_id", value: ProbeTexts.unknownID)]))
    sights.path = ask(
      Probe(path: "/sse/\(ProbeTexts.encodedTopic)", query: [(name: "poll", value: "1")]))
    sights.large = ask(
      poll(
        [(name: "Cookie", value: "weir-doctor=" + filling(Self.cookieByteCount))],
        query: [(name: "_", value: filling(Self.addressByteCount))]))
    sights.foreignOrigin = ask(poll([(name: "Origin", value: ProbeTexts.foreignOrigin)]))
    lookForOrigin(&sights, ask)
    sights.health = ask(Probe(path: "/weir/healthz"))
    sights.status = ask(Probe(path: "/weir/status", isAnonymous: true))
    sights.statusByProxy = ask(
      Probe(
        path: "/weir/status", headers: [(name: "X-Forwarded-For", value: "192.0.2.1")],
        isAnonymous: true))
    if plan.isIntrusive { sights.failing = ask(failing) }
    if sights.live.isServed {
      sights.compressed = try compressed(quiet)
      sights.crowd = try crowd(quiet)
    }
    sights.machine = LocalNginx.look(
      at: plan.site, isHere: sights.viewpoint.localAddress == sights.viewpoint.remoteAddress)
    hold(quiet)
    sights.quiet = quiet.sight
    return sights
  }

  private func viewpoint(_ stream: ProbeStream, unixMilliseconds: Int64) -> Sights.Viewpoint {
    Sights.Viewpoint(
      site: plan.site.address(""), localAddress: stream.localAddress ?? "",
      remoteAddress: stream.remoteAddress ?? "", isOutside: plan.isOutside, origin: plan.origin,
      hasToken: plan.token != nil, isReadOnly: plan.isReadOnly, isIntrusive: plan.isIntrusive,
      unixMilliseconds: unixMilliseconds)
  }

  // MARK: - What is asked

  private func stream(event: String? = nil) -> Probe {
    var query = [(name: "topic", value: plan.topic), (name: "signals", value: "live")]
    if let event { query.append((name: "event", value: event)) }
    return Probe(
      path: "/sse", query: query, headers: [(name: "Accept", value: "text/event-stream")])
  }

  /// A stream that ends with what is there.
  private func poll(
    _ headers: [(name: String, value: String)] = [], query: [(name: String, value: String)] = []
  ) -> Probe {
    Probe(
      path: "/sse",
      query: [
        (name: "topic", value: plan.topic), (name: "poll", value: "1"),
        (name: "event", value: ProbeTexts.unusedEvent),
      ] + query, headers: headers)
  }

  private func event(_ fields: String) -> Probe {
    let data = ProbeTexts.message
    return Probe(
      path: "/publish", query: [(name: "topic", value: plan.topic)],
      headers: [(name: "Content-Type", value: "application/json")],
      body: "{\"data\":\"\(data) \(plan.key)\"\(fields)}")
  }

  private var failing: Probe {
    Probe(
      path: "/sse",
      query: [
        (name: "topic", value: plan.topic), (name: "poll", value: "1"),
        (name: "_", value: filling(Self.failingAddressByteCount)),
      ], headers: [(name: "Cookie", value: "weir=" + filling(Self.failingCookieByteCount))],
      isAnonymous: true)
  }

  private func filling(_ count: Int) -> String { String(repeating: "x", count: count) }

  // MARK: - What is looked at

  /// Ends where nobody answers, or nobody who knows of streams.
  private func refuseStrangers(_ attempt: Attempt) throws {
    switch attempt {
    case .failed(let reason):
      throw CommandFailure(
        "\(plan.site.address("")) does not answer: \(reason): check the address", exitCode: 69)
    case .reply(let reply)
    where reply.status == 404 && [nil, "not_found"].contains(reply.field("code")):
      throw CommandFailure(
        "no weir is at \(plan.site.address("")) (404 for /sse): check the address, and that the site includes weir.conf",
        exitCode: 69)
    case .reply: break
    }
  }

  private func wait(
    for isThere: () -> Bool, looking stream: ProbeStream, and other: ProbeStream? = nil,
    seconds: Double = patienceSeconds
  ) {
    let deadline = Clock.monotonicNanoseconds() + Int64(seconds * 1e9)
    while !isThere(), Clock.monotonicNanoseconds() < deadline {
      stream.look(forSeconds: 0.02)
      other?.look()
    }
  }

  private func publish(_ sights: inout Sights, live: ProbeStream, quiet: ProbeStream) {
    let meanwhile = {
      live.look()
      quiet.look()
    }
    let first = prober.ask(event(",\"ttl\":\"1m\",\"event\":\"weir-doctor\""), meanwhile: meanwhile)
    var delivery = Sights.Delivery(
      publish: first, unixMilliseconds: Clock.unixMilliseconds(),
      patienceSeconds: Self.patienceSeconds)
    let acknowledgedAt = Clock.monotonicNanoseconds()
    guard first.reply?.status == 200 else {
      sights.delivery = delivery
      return
    }
    // On one that has not begun nothing comes.
    if live.hasBegun {
      wait(for: { live.has(plan.key) || live.hasEnded }, looking: live, and: quiet)
    }
    if live.has(plan.key) {
      delivery.delaySeconds = Double(Clock.monotonicNanoseconds() - acknowledgedAt) / 1e9
      delivery.isIntact = live.has(ProbeTexts.message)
    }
    sights.delivery = delivery
    sights.live = live.sight
    let keyed = Probe(
      path: "/publish", query: [(name: "topic", value: plan.topic)],
      headers: [
        (name: "Content-Type", value: "text/plain"), (name: "Idempotency-Key", value: plan.key),
        (name: "TTL", value: "1m"),
      ], body: ProbeTexts.message)
    sights.keyed = (1...2).map { _ in prober.ask(keyed, meanwhile: meanwhile) }
  }

  private func anonymousPublish(_ sights: Sights, _ ask: (Probe) -> Attempt) -> Attempt {
    // What was published without a token, if it was, need not be tried again.
    if plan.token == nil, let first = sights.delivery?.publish { return first }
    return ask(anonymousEvent())
  }

  /// An event of somebody without credentials; none where nothing is to be published.
  ///
  /// - Parameter address: where it is said to come from.
  private func anonymousEvent(from address: String? = nil) -> Probe {
    var probe = event(",\"ttl\":\"1m\"")
    if plan.isReadOnly { probe.body = "{}" }
    if let address {
      probe.headers += ["X-Forwarded-For", "X-Real-IP"].map { (name: $0, value: address) }
    }
    probe.isAnonymous = true
    return probe
  }

  private func lookForOrigin(_ sights: inout Sights, _ ask: (Probe) -> Attempt) {
    guard let origin = plan.origin else { return }
    sights.namedOrigin = ask(poll([(name: "Origin", value: origin)]))
    sights.preflight = ask(
      Probe(
        path: "/publish", method: "OPTIONS",
        headers: [
          (name: "Origin", value: origin), (name: "Access-Control-Request-Method", value: "POST"),
          (name: "Access-Control-Request-Headers", value: "content-type"),
        ]))
  }

  private func compressed(_ quiet: ProbeStream) throws -> StreamSight {
    var probe = stream(event: ProbeTexts.unusedEvent)
    probe.headers.append((name: "Accept-Encoding", value: "gzip, deflate, br"))
    let stream = try prober.open(probe)
    wait(
      for: { quiet.hasBegun ? stream.hasBegun : stream.hasHead }, looking: stream, and: quiet)
    return stream.sight
  }

  private func crowd(_ quiet: ProbeStream) throws -> [StreamSight] {
    let streams = try (0..<StreamsCheck.count).map { _ in
      try prober.open(stream(event: ProbeTexts.unusedEvent))
    }
    let deadline = Clock.monotonicNanoseconds() + Int64(Self.patienceSeconds * 1e9)
    while Clock.monotonicNanoseconds() < deadline, !streams.allSatisfy({ $0.hasHead }) {
      for stream in streams { stream.look(forSeconds: 0.005) }
      quiet.look()
    }
    // A stream that is sent away ends in the same moment.
    for stream in streams { stream.look(forSeconds: 0.02) }
    return streams.map(\.sight)
  }

  private func hold(_ quiet: ProbeStream) {
    guard quiet.hasBegun else { return }
    while !quiet.hasEnded, quiet.ageSeconds < plan.holdSeconds,
      plan.holdsOn || quiet.heartbeatCount == 0
    {
      quiet.look(forSeconds: min(0.25, max(plan.holdSeconds - quiet.ageSeconds, 0.01)))
    }
  }
}
