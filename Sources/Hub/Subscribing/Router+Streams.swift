import FastCGI
import Figures
import FileQueue
import Kernel
import Streaming

/// `GET /sse`.
extension Router {
  func stream(
    _ request: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    if TicketRequest.isOne(request) { return try ticket(request) }
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Problem(
        status: 405, code: .methodNotAllowed,
        detail: "a stream is read with GET; events are published at /publish",
        allow: Route.stream.methods(at: request.path))
    }
    let pairs = try FormDecoding.pairs(request.query)
    let subscription = try SubscribeRequest(
      pathTopic: try Self.topic(of: request, behind: .stream), pairs: pairs,
      header: request.parameter("HTTP_LAST_EVENT_ID"),
      demoNames: GroupRequest.names + (accessGuard == nil ? [] : [TicketRequest.name])
        + (configuration.streams.isDemo ? DemoRequest.names : []))
    var wanted = subscription.wanted
    let group = try GroupRequest(pairs)
    let rules = accessGuard?.rules
    let permit = try streamPermit(request, pairs, group == nil ? .none : .takesShare)
    try permit.checkSubscribe(wanted.filter)
    let type = try StreamType(
      AcceptHeader(request.parameter("HTTP_ACCEPT")), isPoll: wanted.isPoll)
    wanted.format = type.format
    wanted.tellsAllTopics = permit.maySubscribe([">"])
    let headers = StreamOpening.headers(type)
    var source = StreamSource.queue(wanted)
    let joinsAt = queue.durableNext
    // Who polls is told what there is, and looks again.
    var ended =
      wanted.isPoll ? EndedTopics.none : EndedTopics(wanted, in: queue, before: joinsAt)
    if let group {
      let entry = try group.entry(wanted)
      ended = try find(ended, of: entry, permit)
      source = .group(entry, wanted)
    } else if configuration.streams.isDemo,
      let demo = try DemoRequest(subscription, pairs: pairs)?.source
    {
      guard type.format == .eventStream else {
        throw Problem(
          status: 406, code: .notAcceptable,
          detail: "what is made up comes as text/event-stream only: accept that", field: "Accept")
      }
      ended = demo.isOver ? .seen : .none
      source = .demo(demo)
    }
    // On any other status a browser comes back.
    if ended == .seen { return .now(StreamOpening.over) }
    guard request.method == "GET" else {
      return .now(Response(status: 200, headers: headers, body: []))
    }
    let remoteAddress = request.parameter("REMOTE_ADDR") ?? "unknown"
    let takesIDBlocks = request.parameter("WEIR_NO_ID_BLOCKS") == nil
    let slot: StreamSlot
    switch admission.admit(remoteAddress, now: Clock.monotonicNanoseconds()) {
    case .admitted(let given): slot = given
    case .refused(let refusal, let delay):
      counters.add(to: PageLayout.cell(refusal))
      let isToldID =
        configuration.streams.sendsCheckpoints && takesIDBlocks
        && wanted.start == .next
      let id = isToldID ? queue.newestID : nil
      return .now(try answer(to: refusal, returnDelay: delay, type, headers: headers, id: id))
    }
    let arrival = Arrival(
      remoteAddress: remoteAddress, source: source,
      opening: StreamOpening.bytes(
        type, headers: headers + exchange.headers,
        retryMilliseconds: configuration.retryMilliseconds, requestID: request.requestID),
      whenOver: ended == .all
        ? StreamOpening.records(
          StreamOpening.over.adding(exchange.headers), requestID: request.requestID) : nil,
      joinsAt: joinsAt, takesIDBlocks: takesIDBlocks,
      slot: slot, permit: streamPermit(permit, wanted.filter))
    let loop = loops[Int.random(in: 0..<loops.count)]
    return .stream { connection in
      loop.hand(arrival, connection)
      // Rules that came meanwhile may have had the loop look at its streams before this one was there.
      if let accessGuard, accessGuard.rules !== rules { loop.reviewPermits() }
    }
  }

  /// What may still come for a member of a group.
  ///
  /// - Parameter ended: what may for a stream that asks for the same; a group that is to be made begins there.
  private func find(
    _ ended: EndedTopics, of entry: GroupEntry, _ permit: RequestPermit
  ) throws(Problem) -> EndedTopics {
    let found: GroupFinding
    do throws(GroupError) { found = try groups.find(entry) } catch {
      if case .otherTerms(_, let terms) = error, !permit.maySubscribe(terms.filter.texts) {
        throw Problem(
          status: 409, code: .groupMismatch,
          detail: "the group '\(entry.name)' goes by other topics: name another group",
          field: "group")
      }
      throw Problem(error)
    }
    return switch found {
    case .isOver where ended != .none: .seen
    case .isNew where ended == .seen: .seen
    // What its group has for it, the stream is told by that.
    case .isOver, .isNew, .isThere: .none
    }
  }

  /// What one gets who may not have a stream now.
  private func answer(
    to refusal: StreamRefusal, returnDelay: Int64?, _ type: StreamType,
    headers: [(name: String, value: String)], id: EventID?
  ) throws(Problem) -> Response {
    let retry =
      returnDelay.map { Int($0 / 1_000_000) + 1 }
      ?? StreamOpening.jittered(configuration.retryMilliseconds)
    func later(_ reason: String) throws(Problem) -> Response {
      guard type.format == .eventStream else {
        throw Problem(
          status: 503, code: .tooManyStreams, detail: reason,
          retryAfterSeconds: (retry + 999) / 1000)
      }
      return StreamOpening.later(reason, headers: headers, retryMilliseconds: retry, id: id)
    }
    switch refusal {
    case .total:
      return try later(
        "all \(admission.limits.streamCountMaximum) streams are taken: come back later")
    case .rate:
      return try later("too many streams begin at once: come back later")
    case .address:
      let maximum = admission.limits.streamsPerAddressCountMaximum ?? 0
      throw Problem(
        status: 429, code: .tooManyStreams,
        detail:
          "this address has \(maximum) streams open, as many as it may: close one, or ask for "
          + "several topics on one stream",
        retryAfterSeconds: max(1, configuration.retryMilliseconds / 1000))
    }
  }
}
