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
    case .status: return try status(request)
    case .metrics: return try metrics(request)
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

  private func status(_ request: borrowing Request) throws(Problem) -> Answer {
    let figures = try figures(request, of: "the status")
    var groups: [GroupFigures]
    do { groups = try queue.groups.figures(in: figures) } catch { throw Problem(error) }
    let permit = try permit(request, changes: false)
    groups.removeAll { !permit.maySubscribe($0.topics) }
    let report = StatusReport(figures, pages.read(), groups, access: accessGuard?.report)
    return .now(Self.report(report.json, "application/json"))
  }

  private func metrics(_ request: borrowing Request) throws(Problem) -> Answer {
    let figures = try figures(request, of: "the metrics")
    let permit = try permit(request, changes: false)
    do throws(GroupError) {
      let names = try queue.groups.names()
      let groups = try queue.groups.figures(
        of: names[..<min(names.count, FigureLimits.groupLabelCountMaximum)], in: figures)
      return .now(
        Self.report(
          MetricsReport.render(
            figures, pages.read(), groups.filter { permit.maySubscribe($0.topics) },
            groupCount: names.count),
          MetricsReport.contentType))
    } catch { throw Problem(error) }
  }

  private func figures(
    _ request: borrowing Request, of what: String
  ) throws(Problem) -> QueueFigures {
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Problem(
        status: 405, code: .methodNotAllowed, detail: "read \(what) with GET", allow: "GET, HEAD")
    }
    do { return try queue.figures() } catch {
      throw Problem(status: 503, code: .queueError, detail: "\(error)")
    }
  }

  private static func report(_ body: [UInt8], _ contentType: String) -> Response {
    Response(
      status: 200,
      headers: [
        (name: "Content-Type", value: contentType), (name: "Cache-Control", value: "no-store"),
      ], body: body)
  }
}
