import FileQueue
import Kernel
import Streaming

/// What a subscriber asks of the demo.
struct DemoRequest {
  /// The source, at the place where it begins.
  let source: DemoSource

  /// The parameters that it may have beside a stream's.
  static let names = ["count", "interval"]

  /// Reads a `GET /sse`; nil where it asks for the queue.
  ///
  /// - Parameter pairs: the query.
  init?(
    _ request: SubscribeRequest, pairs: [(name: String, value: String)]
  ) throws(Problem) {
    let filter = request.wanted.filter
    guard filter.patterns.isEmpty, filter.topics.count == 1 else { return nil }
    let kind: DemoSource.Kind
    switch filter.topics[0].text {
    case "time": kind = .time
    case "dashboard": kind = .dashboard
    default: return nil
    }
    source = DemoSource(
      kind, filter: filter,
      interval: try Self.interval(pairs.last { $0.name == "interval" }?.value),
      lastNumber: try Self.count(pairs.last { $0.name == "count" }?.value),
      number: kind == .time ? max(0, request.lastEventID.flatMap { Int($0) } ?? 0) : 0)
  }

  private static func interval(_ text: String?) throws(Problem) -> Duration {
    guard let text else { return .seconds(1) }
    if let interval = Duration(text: text), (.milliseconds(1)...(.seconds(3600))).contains(interval)
    {
      return interval
    }
    throw Problem(
      status: 400, code: .invalidParameter,
      detail: "interval is '\(text.excerpt())'; it is a time from 1ms to 1h, such as 15ms or 2s",
      field: "interval")
  }

  private static func count(_ text: String?) throws(Problem) -> Int? {
    guard let text else { return nil }
    guard let count = Int(text), (1...HubLimits.demoEventCountMaximum).contains(count) else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "count is '\(text.excerpt())'; it is a number from 1 to "
          + "\(HubLimits.demoEventCountMaximum)", field: "count")
    }
    return count
  }
}
