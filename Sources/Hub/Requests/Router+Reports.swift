import FastCGI
import Figures
import FileQueue

/// `/weir/status` and `/weir/metrics`.
extension Router {
  func status(_ request: borrowing Request, _ exchange: Exchange) throws(Problem) -> Answer {
    try Self.requireRead(request, of: "the status")
    let permit = try permit(request, .none)
    groupDesk.ask { [self] result in
      tell(exchange, result, "application/json") { figures in
        let groups = figures.groups.filter { permit.maySubscribe($0.topics) }
        return StatusReport(figures.queue, pages.read(), groups, access: accessGuard?.report).json
      }
    }
    return .later
  }

  func metrics(_ request: borrowing Request, _ exchange: Exchange) throws(Problem) -> Answer {
    try Self.requireRead(request, of: "the metrics")
    let permit = try permit(request, .none)
    groupDesk.ask(countMaximum: FigureLimits.groupLabelCountMaximum) { [self] result in
      tell(exchange, result, MetricsReport.contentType) { figures in
        MetricsReport.render(
          figures.queue, pages.read(), figures.groups.filter { permit.maySubscribe($0.topics) },
          groupCount: figures.count)
      }
    }
    return .later
  }

  private static func requireRead(
    _ request: borrowing Request, of what: String
  ) throws(Problem) {
    guard request.method == "GET" || request.method == "HEAD" else {
      throw Problem(
        status: 405, code: .methodNotAllowed, detail: "read \(what) with GET", allow: "GET, HEAD")
    }
  }

  private func tell(
    _ exchange: Exchange, _ result: Result<GroupDesk.Figures, GroupError>, _ type: String,
    _ body: (GroupDesk.Figures) -> [UInt8]
  ) {
    switch result {
    case .success(let figures):
      exchange.complete(
        Response(
          status: 200,
          headers: [
            (name: "Content-Type", value: type), (name: "Cache-Control", value: "no-store"),
          ], body: body(figures)))
    case .failure(let error): exchange.complete(response(to: Problem(error)))
    }
  }
}
