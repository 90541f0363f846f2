import FileQueue
import Kernel

/// What is asked of the events that wait for their time.
enum DelayedRequest: Hashable {
  case list(behind: DelayedTurn?, countMaximum: Int)
  case show(DelayedID)
  case cancel(DelayedID)

  /// How the path behind `/publish/` begins that is theirs.
  private static let name = Array("delayed".utf8)

  /// What may be asked for where such a path leads; nil for another one.
  ///
  /// - Parameter pathTopic: what stands behind `/publish/`, if anything does.
  static func methods(pathTopic: String?) -> String? {
    switch place(pathTopic) {
    case nil: nil
    case .some(nil): "GET, HEAD, PUT, POST, OPTIONS"
    case .some: "GET, HEAD, DELETE, PUT, POST, OPTIONS"
    }
  }

  /// What stands for an id in a path that is theirs, nil for the path of all of them; nil for another path.
  private static func place(_ pathTopic: String?) -> [UInt8]?? {
    guard let pathTopic else { return nil }
    let path = Array(pathTopic.utf8)
    if path == name || path == name + [UInt8(ascii: "/")] { return .some(nil) }
    guard path.starts(with: name + [UInt8(ascii: "/")]) else { return nil }
    return Array(path[(name.count + 1)...])
  }

  /// Reads a request; nil where it is for somebody else: a PUT or POST publishes under the topic `delayed`.
  ///
  /// - Parameters:
  ///   - pathTopic: what stands behind `/publish/`, if anything does.
  ///   - pairs: the query.
  init?(
    method: String, pathTopic: String?, pairs: [(name: String, value: String)]
  ) throws(Problem) {
    guard let place = Self.place(pathTopic), method != "PUT", method != "POST" else { return nil }
    guard ["GET", "HEAD"].contains(method) || method == "DELETE" && place != nil else {
      throw Problem(
        status: 405, code: .methodNotAllowed,
        detail: "delayed events are listed with GET, and cancelled one by one with DELETE "
          + "/publish/delayed/ID", allow: Self.methods(pathTopic: pathTopic))
    }
    guard let text = place else {
      self = try Self.list(pairs)
      return
    }
    try QueryNames.check(pairs, among: [], rule: "the event is named by the path alone")
    guard let id = DelayedID(text) else {
      throw Self.notFound(String(decoding: text, as: UTF8.self).excerpt())
    }
    self = method == "DELETE" ? .cancel(id) : .show(id)
  }

  private static func list(
    _ pairs: [(name: String, value: String)]
  ) throws(Problem) -> DelayedRequest {
    try QueryNames.check(
      pairs, among: ["after", "limit"], rule: "a list takes 'limit' and 'after'")
    var last: DelayedTurn?
    var countMaximum = HubLimits.delayedPageCount
    for pair in QueryNames.own(pairs) {
      if pair.name.hasSameBytes(as: "limit") {
        let range = 1...HubLimits.delayedPageCountMaximum
        guard let count = Int(pair.value), range.contains(count) else {
          throw Problem(
            status: 400, code: .invalidParameter,
            detail: "limit is '\(pair.value.excerpt())'; it is a number of events from "
              + "\(range.lowerBound) to \(range.upperBound)", field: "limit")
        }
        countMaximum = count
      } else {
        guard let turn = DelayedTurn(pair.value) else {
          throw Problem(
            status: 400, code: .invalidParameter,
            detail: "after is '\(pair.value.excerpt())'; it is what 'next' of the list before says",
            field: "after")
        }
        last = turn
      }
    }
    return .list(behind: last, countMaximum: countMaximum)
  }

  /// The problem of an id that no event has which waits.
  static func notFound(_ id: String) -> Problem {
    Problem(
      status: 404, code: .delayedNotFound,
      detail:
        "no event waits with the id '\(id)': it was published, cancelled or dropped, or there never was one; "
        + "GET /publish/delayed lists those that wait")
  }

  /// The problem of an event whose time has come.
  static func tooLate(_ id: DelayedID) -> Problem {
    Problem(
      status: 409, code: .beingPublished,
      detail: "the event '\(id)' is being published at this moment: it is not cancelled")
  }
}
