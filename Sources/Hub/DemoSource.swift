import EventStream
import FileQueue
import FoundationEssentials
import Kernel

/// A source of events that are made up and never in the queue: the examples people know.
struct DemoSource: Sendable {
  /// Which example.
  enum Kind: Sendable {
    /// The time, with ids from 1.
    case time
    /// A made-up number of users.
    case dashboard
  }

  let kind: Kind
  /// What was asked for.
  let filter: TopicFilter
  /// Between two events.
  let interval: Duration
  /// The event that ends the stream; nil for one without end.
  let lastNumber: Int?
  private(set) var number: Int

  /// The source that a subscriber asks for, or nil where it asks for the queue.
  init?(
    _ request: SubscribeRequest, pairs: [(name: String, value: String)]
  ) throws(Problem) {
    filter = request.filter
    guard request.filter.patterns.isEmpty, request.filter.topics.count == 1 else { return nil }
    switch request.filter.topics[0].text {
    case "time": kind = .time
    case "dashboard": kind = .dashboard
    default: return nil
    }
    interval = try Self.interval(pairs.last { $0.name == "interval" }?.value)
    lastNumber = try Self.count(pairs.last { $0.name == "count" }?.value)
    number = kind == .time ? max(0, request.lastEventID.flatMap { Int($0) } ?? 0) : 0
  }

  /// Whether all events were sent; an EventSource that comes back then is told to stay away (204).
  var isOver: Bool { lastNumber.map { number >= $0 } ?? false }

  /// What is sent before the first event.
  func appendOpening(to bytes: inout [UInt8]) {
    if kind == .dashboard { EventStreamWriter.appendComment("nothing to send", to: &bytes) }
  }

  /// Makes the next event.
  mutating func appendNext(to bytes: inout [UInt8]) {
    number = number == Int.max ? 1 : number + 1
    switch kind {
    case .time:
      bytes.append(contentsOf: "event: time\ndata: \(Self.now())\nid: \(number)\n\n".utf8)
    case .dashboard:
      let users = UInt32.random(in: .min ... .max)
      bytes.append(contentsOf: "data: {\"User\": \(users)}\n\n".utf8)
    }
  }

  /// The clock on the default stream: no id, so that resuming is not disturbed.
  static func appendClock(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: "data: \(now())\n\n".utf8)
  }

  /// The time as RFC 3339 writes it, with microseconds and zone.
  private static func now() -> String {
    let nanoseconds = Clock.unixNanoseconds()
    let date = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
    let fraction = String(nanoseconds % 1_000_000_000 / 1000 + 1_000_000).dropFirst()
    let seconds = date.formatted(.iso8601).dropLast()
    return "\(seconds).\(fraction)Z"
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
