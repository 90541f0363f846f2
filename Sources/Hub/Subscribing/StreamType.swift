import Streaming

/// The type that a stream is sent as, by what the client takes.
struct StreamType {
  let name: String
  let format: StreamFormat

  private static let eventStream = "text/event-stream"
  private static let lines = ["application/x-ndjson", "application/ndjson", "application/jsonl"]
  private static let page = "application/json"

  /// Chooses the type.
  ///
  /// Who names none that there is gets an event stream, as browsers and curl do.
  init(_ accept: AcceptHeader, isPoll: Bool) throws(Problem) {
    let types = [Self.eventStream] + Self.lines + (isPoll ? [Self.page] : [])
    if let best = accept.best(of: types) {
      name = best
      format = best == Self.eventStream ? .eventStream : best == Self.page ? .page : .lines
    } else if accept.names(Self.page) {
      throw Problem(
        status: 406, code: .notAcceptable,
        detail:
          "a stream has no end, so it is no JSON text: add poll=1 for what is there, or accept "
          + "application/x-ndjson for a line of JSON an event",
        field: "Accept")
    } else {
      name = Self.eventStream
      format = .eventStream
    }
  }
}
