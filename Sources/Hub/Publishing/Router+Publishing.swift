import FastCGI
import Figures
import FileQueue
import Kernel

extension Router {
  /// Answers `PUT` and `POST /publish`, and GET where it is switched on.
  func publish(
    _ request: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    if Self.isBatch(request) { return .pieces(try batch(request, exchange)) }
    let receivedAt = Clock.monotonicNanoseconds()
    let permit = try permit(request, .changes)
    let publication = try publication(request, keyScope: permit.keyScope)
    try permit.checkPublish(publication.topics)
    let isPlain = AcceptHeader(request.parameter("HTTP_ACCEPT"))
      .prefers("text/plain", to: "application/json")
    let topics = publication.topics
    let epochs = queue.epochs
    let durability = committer.durability
    // A copy of the router would be many references to count, on two threads.
    let acknowledge: @Sendable (Appended) -> Void = { [counters] appended in
      let latency = max(0, Clock.monotonicNanoseconds() - receivedAt)
      counters.note(UInt64(latency / 1000), in: .publish)
      exchange.complete(
        Acknowledgement(
          id: epochs.id(of: appended.sequence), topics: topics, appended: appended,
          durability: durability, isPlain: isPlain
        ).response)
    }
    if let delayed = publication.delayed {
      publishLater(delayed, topics: topics, isPlain: isPlain, exchange, acknowledge: acknowledge)
      return .later
    }
    committer.submit(publication.event) { [counters] result in
      switch result {
      case .success(let appended): acknowledge(appended)
      case .failure(let error):
        counters.add(to: PageLayout.publishesRefusedCell)
        exchange.complete(Self.response(to: Problem(error), counters))
      }
    }
    return .later
  }

  /// Reads a request that publishes one event.
  private func publication(
    _ request: borrowing Request, keyScope: String
  ) throws(Problem) -> PublishRequest {
    let method = request.method
    let isGet = method == "GET" && configuration.takesGetPublishes
    guard method == "PUT" || method == "POST" || isGet else { throw notAllowed(method) }
    let contentType = request.parameter("CONTENT_TYPE")
    let headers = request.headers
    try checkSender(method, contentType: contentType, headers)
    let pathTopic = try Self.topic(of: request, behind: .publish)
    let pairs = try FormDecoding.pairs(request.query)
    guard isGet else {
      return try PublishRequest(
        contentType: contentType, contentEncoding: Self.text(of: "CONTENT_ENCODING", in: headers),
        pathTopic: pathTopic, pairs: pairs, headers: headers, body: request.body,
        keyScope: keyScope)
    }
    try Self.checkIsAskedFor(request)
    return try PublishRequest(
      query: pairs, pathTopic: pathTopic, headers: headers, keyScope: keyScope)
  }

  func checkSender(
    _ method: String, contentType: String?, _ headers: [(name: String, value: [UInt8])]
  ) throws(Problem) {
    try PublishSender(
      method: method, contentType: contentType, origin: Self.text(of: "ORIGIN", in: headers),
      fetchSite: Self.text(of: "SEC_FETCH_SITE", in: headers),
      host: Self.text(of: "HOST", in: headers)
    ).check(crossOrigin)
  }

  /// A header's value; found in what was read at once, because each look into the request costs as much.
  static func text(
    of name: String, in headers: [(name: String, value: [UInt8])]
  ) -> String? {
    headers.first { $0.name.hasSameBytes(as: name) }
      .map { String(decoding: $0.value, as: UTF8.self) }
  }

  private func notAllowed(_ method: String) -> Problem {
    let allowed = (configuration.takesGetPublishes ? "GET, " : "") + Route.publish.methods
    let advice =
      method == "GET"
      ? ". For whoever runs weir: --get-publish lets GET /publish?message=… do it" : ""
    return Problem(
      status: 405, code: .methodNotAllowed,
      detail: "events are published with PUT or POST\(advice)", allow: allowed)
  }

  /// Refuses what a browser asks for before anybody has asked it to, and a body that nobody would read.
  private static func checkIsAskedFor(_ request: borrowing Request) throws(Problem) {
    let names: [StaticString] = [
      "HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_MOZ", "HTTP_X_PURPOSE",
    ]
    for name in names {
      guard let purpose = request.parameter(name), !purpose.isEmpty else { continue }
      throw Problem(
        status: 403, code: .browserRefused,
        detail:
          "a browser asks for this ahead of time ('\(purpose.excerpt())'): nothing is published")
    }
    guard request.body.isEmpty else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "the body of a GET is not read: publish it with POST")
    }
  }
}
