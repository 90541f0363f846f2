import FileQueue
import Kernel
import Streaming

/// Where a stream begins that has no last event id: the parameter `since`.
struct StreamBeginning {
  let start: StreamStart

  /// The parameters that say so.
  static let names = ["since"]
  /// Another word for `all`, and a last event id that stands for it.
  static let earliest = "earliest"

  private static let rule =
    "an event id such as 6f2a91c4-42, \(WrittenTime.rule), a time ago such as 90s, 10m, 12h or 7d, "
    + "or 'all' for everything that is there"

  /// Reads the query.
  init(_ pairs: [(name: String, value: String)]) throws(Problem) {
    start = try pairs.onlyValue(of: "since").map(Self.since) ?? .next
  }

  private static func since(_ text: String) throws(Problem) -> StreamStart {
    switch text {
    case "all", earliest: return .oldest
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
    .since(TimeCursor(unixMilliseconds: max(0, unixMilliseconds)))
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
