import FileQueue
import Kernel
import Streaming

/// Where a stream begins that has no last event id: the parameters `since` and `last`.
struct StreamBeginning {
  /// Nil where neither is named.
  let start: StreamStart?

  /// The parameters that say so.
  static let names = ["since", "last"]
  /// What other hubs say for `all`, and a last event id that stands for it.
  static let earliest = "earliest"

  private static let rule =
    "an event id such as 6f2a91c4-42, \(WrittenTime.rule), a time ago such as 90s, 10m, 12h or 7d, "
    + "or 'all' for everything that is there"

  /// Reads the query of a stream of some topics.
  init(_ pairs: [(name: String, value: String)], _ filter: TopicFilter) throws(Problem) {
    let since = try pairs.onlyValue(of: "since")
    let last = try pairs.onlyValue(of: "last")
    guard since == nil || last == nil else {
      throw Problem(
        status: 400, code: .contradiction,
        detail: "since and last both say where the stream begins: name one of them", field: "last")
    }
    if let since {
      start = try Self.since(since)
    } else {
      start = try last.map { text throws(Problem) in try Self.last(text, filter) }
    }
  }

  private static func last(_ text: String, _ filter: TopicFilter) throws(Problem) -> StreamStart {
    let topicCount = max(1, filter.topics.count + filter.patterns.count)
    let limit = min(
      HubLimits.lastEventCountMaximum, HubLimits.lastEventsPerStreamCountMaximum / topicCount)
    guard let count = Int(text), (0...limit).contains(count) else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "last is '\(text.excerpt())'; it is a number of events of each topic, "
          + "for \(topicCount == 1 ? "one topic" : "\(topicCount) topics") from 0 to \(limit)",
        field: "last")
    }
    return count == 0 ? .next : .last(count)
  }

  private static func since(_ text: String) throws(Problem) -> StreamStart {
    switch text {
    case "all", earliest: return .oldest
    case "latest": return .last(1)
    case "now", "none": return .next
    default: break
    }
    if let id = EventID(text) { return .after(id) }
    if let time = TimeCursor(text) { return .since(time) }
    if let time = WrittenTime(text) { return since(time.unixMilliseconds) }
    // A number alone would be seconds: it may as well be a time, or an id.
    if text.utf8.last.map({ !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true,
      let age = Duration(text: text)
    {
      return since(Clock.unixMilliseconds() - age.wholeMilliseconds)
    }
    throw Problem(
      status: 400, code: .invalidParameter, detail: "since is '\(text.excerpt())'; it is \(rule)",
      field: "since")
  }

  private static func since(_ unixMilliseconds: Int64) -> StreamStart {
    // Nothing was published since a time to come; a clock that was set back is nginx's matter.
    if unixMilliseconds >= Clock.unixMilliseconds() { return .next }
    return .since(TimeCursor(unixMilliseconds: max(0, unixMilliseconds)))
  }
}

extension [(name: String, value: String)] {
  /// The value of a parameter that may be named once; nil where it is not named.
  func onlyValue(of name: String) throws(Problem) -> String? {
    let values = filter { $0.name.hasSameBytes(as: name) }.map(\.value)
    guard values.count <= 1 else {
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "\(name) is named \(values.count) times: name it once", field: name)
    }
    return values.first
  }
}
