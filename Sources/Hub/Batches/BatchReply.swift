import FastCGI
import Figures
import FileQueue

/// The reply to a batch: what became of its lines.
struct BatchReply {
  let tally: BatchTally
  /// Why nothing was taken any more, and from which line on; nil where all lines were looked at.
  let stop: (problem: Problem, line: Int)?
  let epochs: Epochs
  let durability: Durability

  /// Fields of `application/problem+json`, and those of a batch; sorted by their names, as everywhere.
  private struct Body: Encodable {
    let accepted: Int
    var code: ProblemCode?
    var detail: String?
    let durable: String
    let errors: [Error]?
    var field: String?
    let first: String?
    let last: String?
    let rejected: Int
    let replayed: Int?
    var status: Int?
    var stopped_at_line: Int?
    var title: String?
    var type: String?
  }

  private struct Error: Encodable {
    let code: ProblemCode
    let detail: String
    let field: String?
    let line: Int
  }

  /// What was wrong with all of it: that nothing more could be taken, or, where no line is in the queue, what
  /// was wrong with the first.
  var problem: Problem? {
    if let stop { return stop.problem }
    return tally.acceptedCount == 0 ? tally.refusals.first?.problem : nil
  }

  /// The status of the answer.
  var status: Int { problem?.status ?? 200 }

  private func body(errors: [Error]?) -> Body {
    var body = Body(
      accepted: tally.acceptedCount, durable: durability.rawValue, errors: errors,
      first: id(tally.first), last: id(tally.last), rejected: tally.rejectedCount,
      replayed: tally.replayedCount > 0 ? tally.replayedCount : nil)
    if let problem {
      body.code = problem.code
      body.detail = detail(problem)
      body.field = problem.field
      body.status = problem.status
      body.stopped_at_line = stop?.line
      body.title = Response.reasonPhrase(problem.status)
      body.type = "/problems/\(problem.code.rawValue)"
    }
    return body
  }

  /// The answer as one JSON object.
  var response: Response {
    let errors = tally.refusals.map {
      Error(
        code: $0.problem.code, detail: $0.problem.detail, field: $0.problem.field, line: $0.line)
    }
    return Response(
      status: status,
      headers: headers(problem == nil ? "application/json" : "application/problem+json"),
      body: JSON.encode(body(errors: errors)))
  }

  /// The head of an answer of result lines.
  var head: Response {
    Response(status: status, headers: headers("application/x-ndjson"), body: [])
  }

  /// What stands behind the result lines, and tells that they are whole: through a web server an answer that
  /// breaks off may end like one that does not.
  var lastLine: [UInt8] { JSON.encode(body(errors: nil)) }

  /// The result line of an event that is in the queue.
  ///
  /// - Parameter run: its first event is meant.
  static func append(_ run: ResultRun, epoch: String, to bytes: inout [UInt8]) {
    bytes += "{\"id\":\"".utf8
    bytes += epoch.utf8
    bytes.append(UInt8(ascii: "-"))
    bytes += "\(run.sequence)".utf8
    bytes += "\",\"line\":".utf8
    bytes += "\(run.line)".utf8
    bytes += (run.isReplayed ? ",\"replayed\":true}\n" : "}\n").utf8
  }

  /// The result line of one that is not.
  static func line(of problem: Problem, line: Int) -> [UInt8] {
    JSON.encode(
      Error(code: problem.code, detail: problem.detail, field: problem.field, line: line))
  }

  private func detail(_ problem: Problem) -> String {
    guard let stop else {
      return "no line is in the queue; line \(tally.refusals.first?.line ?? 1): \(problem.detail)"
    }
    return "\(tally.acceptedCount) events are in the queue, and from line \(stop.line) on none is "
      + "acknowledged: \(problem.detail)"
  }

  private func headers(_ contentType: String) -> [(name: String, value: String)] {
    var headers = [
      (name: "Content-Type", value: contentType), (name: "Cache-Control", value: "no-store"),
    ]
    if let seconds = problem?.retryAfterSeconds {
      headers.append((name: "Retry-After", value: "\(seconds)"))
    }
    return headers
  }

  private func id(_ sequence: UInt64?) -> String? {
    sequence.map { "\(epochs.id(of: $0))" }
  }
}
