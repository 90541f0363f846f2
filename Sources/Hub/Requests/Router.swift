import FastCGI
import Figures
import FileQueue
import Kernel
import Streaming

/// Decides what a request is about and has it done; called on the fronts' threads.
struct Router: Responder {
  let configuration: HubConfiguration
  let queue: Queue
  let committer: Committer
  let topicDesk: TopicDesk
  let groupDesk: GroupDesk
  let batches: Batches
  let delayedPublisher: DelayedPublisher
  let loops: [StreamLoopDoor]
  let crossOrigin: CrossOrigin
  let admission: Admission
  let counters: Counters
  let pages: WorkerPages
  let groups: Groups
  /// Nil where everybody may do everything.
  let accessGuard: AccessGuard?
  let tickets: Tickets?

  func answer(_ request: borrowing Request, exchange: Exchange) -> Answer {
    let route = Route(path: request.path)
    counters.add(to: PageLayout.cell(route))
    var exchange = exchange
    exchange.headers = pageHeaders(request, on: route)
    do throws(Problem) {
      if let response = preflight(request, on: route) {
        return .now(response.adding(exchange.headers))
      }
      let answer = try answer(request, on: route, exchange)
      guard case .now(let response) = answer else { return answer }
      return .now(response.adding(exchange.headers))
    } catch {
      return .now(response(to: error).adding(exchange.headers))
    }
  }

  private func answer(
    _ request: borrowing Request, on route: Route, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    switch route {
    case .health: return try health(request, exchange)
    case .status: return try status(request, exchange)
    case .metrics: return try metrics(request, exchange)
    case .stream: return try stream(request, exchange)
    case .topics: return try topics(request, exchange)
    case .groups: return try groups(request, exchange)
    case .publish:
      if let answer = try delayed(request, exchange) { return answer }
      do throws(Problem) { return try publish(request, exchange) } catch {
        counters.add(to: PageLayout.publishesRefusedCell)
        throw error
      }
    case .other:
      let path = String(decoding: request.path, as: UTF8.self)
      throw Problem(
        status: 404, code: .notFound,
        detail: "there is nothing at \(path.excerpt()): subscribe at /sse, publish at /publish")
    }
  }

  func refuse(_ refusal: Refusal) -> Response {
    switch refusal {
    case .bodyTooLarge(let limit):
      response(
        to: Problem(
          status: 413, code: .bodyTooLarge,
          detail: "the body is larger than \(limit) bytes: send less, or events one a line with "
            + "Content-Type: application/x-ndjson, which may be as many as you like"))
    }
  }

  /// The answer that tells of a problem, which is counted.
  func response(to problem: Problem) -> Response { Self.response(to: problem, counters) }

  /// The same where there is no router.
  static func response(to problem: Problem, _ counters: Counters) -> Response {
    counters.add(to: PageLayout.cell(problem.code))
    return problem.response
  }

  /// The topic that the path names.
  static func topic(
    of request: borrowing Request, behind route: Route
  ) throws(Problem) -> String? {
    try PathTopic.read(route, path: request.path, uri: request.bytes(of: "REQUEST_URI"))
  }

  /// With `?live` whether the process answers, else whether a publish would succeed.
  private func health(
    _ request: borrowing Request, _ exchange: Exchange
  ) throws(Problem) -> Answer {
    // OPTIONS is what haproxy asks with, unless it is told otherwise.
    guard ["GET", "HEAD", "OPTIONS"].contains(request.method) else {
      throw Problem(
        status: 405, code: .methodNotAllowed, detail: "ask for the health with GET",
        allow: "GET, HEAD, OPTIONS")
    }
    if try FormDecoding.pairs(request.query).contains(where: { $0.name.hasSameBytes(as: "live") }) {
      return .now(Self.healthy)
    }
    committer.probe { failure in
      guard let failure else { return exchange.complete(Self.healthy) }
      exchange.complete(response(to: Problem(notReady: failure)))
    }
    return .later
  }

  private static let healthy = Response(
    status: 200,
    headers: [
      (name: "Content-Type", value: "text/plain"), (name: "Cache-Control", value: "no-store"),
    ],
    body: Array("ok\n".utf8))
}
