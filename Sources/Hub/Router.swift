import EventStream
import FastCGI
import FileQueue
import Kernel
import Synchronization

/// Decides what a request is about and has it done; called on the fronts' threads.
struct Router: Responder {
  let configuration: HubConfiguration
  let queue: Queue
  let committer: Committer
  let loops: [StreamLoopDoor]
  let crossOrigin: CrossOrigin
  let admission: Admission

  private static let streamMethods = "GET, HEAD, OPTIONS"
  private static let publishMethods = "PUT, POST"

  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer {
    do throws(Problem) {
      guard let path = request.path else {
        throw Problem(
          status: 400, code: .invalidTopic,
          detail: "the path is not UTF-8 after its percent escapes are decoded: name the topic in "
            + "UTF-8", field: "topic")
      }
      if path == "/healthz" { return .now(Self.health) }
      if path == "/status" { return try status(request) }
      if let topic = Self.topic(in: path, under: "/sse") {
        return try stream(request, pathTopic: topic)
      }
      if let topic = Self.topic(in: path, under: "/publish") {
        return try publish(request, pathTopic: topic, exchange)
      }
      throw Problem(
        status: 404, code: .notFound,
        detail: "there is nothing at \(path.excerpt()): subscribe at /sse, publish at /publish")
    } catch {
      return .now(error.response)
    }
  }

  func refuse(_ refusal: Refusal) -> Response {
    switch refusal {
    case .bodyTooLarge(let limit):
      Problem(
        status: 413, code: .bodyTooLarge,
        detail: "the body is larger than \(limit) bytes: send less, or in parts"
      ).response
    }
  }

  /// What stands behind a route's name: an empty text for `/sse` and `/sse/`; nil for other paths.
  private static func topic(in path: String, under route: String) -> String? {
    guard path.hasPrefix(route) else { return nil }
    let rest = path.dropFirst(route.count)
    if rest.isEmpty { return "" }
    return rest.first == "/" ? String(rest.dropFirst()) : nil
  }

  private static func pairs(
    of request: borrowing Request
  ) throws(Problem) -> [(name: String, value: String)] {
    guard let query = request.query else { throw FormDecoding.notUTF8 }
    return try FormDecoding.pairs(query)
  }

  private static let health = Response(
    status: 200,
    headers: [
      (name: "Content-Type", value: "text/plain"), (name: "Cache-Control", value: "no-store"),
    ],
    body: Array("ok\n".utf8))

  private func status(_ request: borrowing Request) throws(Problem) -> Answer {
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Problem(
        status: 405, code: .methodNotAllowed, detail: "the status is read with GET",
        allow: "GET, HEAD")
    }
    do {
      let figures = try queue.figures()
      return .now(
        StatusReport(queue: .init(figures), durability: committer.durability.rawValue).response)
    } catch {
      throw Problem(error)
    }
  }

  // MARK: - Streams

  private func stream(
    _ request: borrowing Request, pathTopic: String
  ) throws(Problem) -> Answer {
    let origin = request.parameter("HTTP_ORIGIN")
    switch request.method {
    case "OPTIONS":
      let headers = crossOrigin.preflightHeaders(for: origin, methods: Self.streamMethods)
      return .now(
        Response(
          status: 204, headers: headers + [(name: "Allow", value: Self.streamMethods)], body: []))
    case "GET", "HEAD":
      break
    default:
      throw Problem(
        status: 405, code: .methodNotAllowed,
        detail: "a stream is read with GET; events are published at /publish",
        allow: Self.streamMethods)
    }
    let pairs = try Self.pairs(of: request)
    let subscription = try SubscribeRequest(
      pathTopic: pathTopic.isEmpty ? nil : pathTopic, pairs: pairs,
      header: request.parameter("HTTP_LAST_EVENT_ID"))
    let headers = StreamOpening.headers + crossOrigin.headers(for: origin)
    var source = StreamSource.queue(subscription)
    if configuration.isDemo,
      let demo = try DemoSource(subscription, pairs: pairs)
    {
      guard !demo.isOver else { return .now(Response(status: 204, headers: headers, body: [])) }
      source = .demo(demo)
    }
    guard request.method == "GET" else {
      return .now(Response(status: 200, headers: headers, body: []))
    }
    let remoteAddress = request.parameter("REMOTE_ADDR") ?? "unknown"
    let slot: StreamSlot
    switch admission.admit(remoteAddress, now: Clock.monotonicNanoseconds()) {
    case .admitted(let given): slot = given
    case .refused(let refusal, let delay):
      return .now(try answer(to: refusal, returnDelay: delay, headers: headers))
    }
    let arrival = Arrival(
      remoteAddress: remoteAddress, source: source,
      opening: StreamOpening.bytes(
        headers: headers, retryMilliseconds: configuration.retryMilliseconds,
        requestID: request.requestID),
      joinsAt: queue.durableNext, slot: slot)
    let loop = loops[Int.random(in: 0..<loops.count)]
    return .stream { connection in loop.hand(arrival, connection) }
  }

  /// What one gets who may not have a stream now.
  private func answer(
    to refusal: StreamRefusal, returnDelay: Int64?, headers: [(name: String, value: String)]
  ) throws(Problem) -> Response {
    let retry =
      returnDelay.map { Int($0 / 1_000_000) + 1 }
      ?? StreamOpening.jittered(configuration.retryMilliseconds)
    switch refusal {
    case .total:
      return StreamOpening.later(
        "all \(admission.limits.streamCountMaximum) streams are taken: come back later",
        headers: headers, retryMilliseconds: retry)
    case .rate:
      return StreamOpening.later(
        "too many streams begin at once: come back later", headers: headers,
        retryMilliseconds: retry)
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

  // MARK: - Publishing

  private func publish(
    _ request: borrowing Request, pathTopic: String, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    guard request.method == "PUT" || request.method == "POST" else {
      throw Problem(
        status: 405, code: .methodNotAllowed, detail: "events are published with PUT or POST",
        allow: Self.publishMethods)
    }
    let publication = try PublishRequest(
      contentType: request.parameter("CONTENT_TYPE"),
      pathTopic: pathTopic.isEmpty ? nil : pathTopic, pairs: try Self.pairs(of: request),
      body: request.body)
    let topic = publication.topic
    let epoch = queue.epoch
    let durability = committer.durability
    committer.submit(publication.event) { result in
      switch result {
      case .success(let sequence):
        let id = EventID(epoch: epoch, sequence: sequence)
        exchange.complete(Acknowledgement(id: id, topic: topic, durability: durability).response)
      case .failure(let error):
        exchange.complete(Problem(error).response)
      }
    }
    return .later
  }
}
