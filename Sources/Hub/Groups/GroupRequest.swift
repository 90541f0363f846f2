import Figures
import FileQueue
import Kernel
import Streaming

/// What a subscriber asks for that shares events with others: the parameters `group`, `ack` and `credit`.
struct GroupRequest {
  let name: GroupName
  /// How long it may take to acknowledge an event; nil where it need not.
  let acknowledgement: Duration?
  /// Events that it may have without having acknowledged them.
  let credit: Int

  /// The parameters.
  static let names = ["group", "ack", "credit"]

  /// Reads the query; nil where no group is named.
  init?(_ pairs: [(name: String, value: String)]) throws(Problem) {
    let texts = (
      group: try pairs.onlyValue(of: "group"), ack: try pairs.onlyValue(of: "ack"),
      credit: try pairs.onlyValue(of: "credit")
    )
    guard let group = texts.group else {
      if let name = texts.ack != nil ? "ack" : texts.credit != nil ? "credit" : nil {
        throw Self.problem(name, "\(name) is for members of a group: name one with group=NAME")
      }
      return nil
    }
    do { name = try GroupName(group) } catch { throw Problem(error) }
    acknowledgement = try Self.acknowledgement(texts.ack)
    credit = try Self.credit(texts.credit, isAcknowledged: texts.ack != nil)
  }

  /// What the stream is to be a member of.
  ///
  /// - Parameter wanted: what it asks for as a stream.
  func entry(_ wanted: StreamRequest) throws(Problem) -> GroupEntry {
    if !wanted.signals.isEmpty {
      throw Self.problem(
        "signals", "members of a group share its past: leave signals or group out")
    }
    return GroupEntry(
      name: name,
      terms: GroupTerms(
        filter: wanted.filter, names: wanted.names, acknowledgement: acknowledgement),
      credit: credit)
  }

  private static func acknowledgement(_ text: String?) throws(Problem) -> Duration? {
    guard let text else { return nil }
    guard let time = Duration(text: text), GroupLimits.acknowledgement.contains(time) else {
      throw problem(
        "ack", "ack is '\(text.excerpt())'; it is a time from 1s to 1h, such as 30s or 5m")
    }
    return time
  }

  private static func credit(_ text: String?, isAcknowledged: Bool) throws(Problem) -> Int {
    guard let text else { return GroupLimits.creditStandard }
    guard isAcknowledged else {
      throw problem(
        "credit",
        "credit is how many events may wait for their acknowledgement: ask for ack=30s too")
    }
    guard let credit = Int(text), GroupLimits.credit.contains(credit) else {
      throw problem(
        "credit",
        "credit is '\(text.excerpt())'; it is a number from \(GroupLimits.credit.lowerBound) to "
          + "\(GroupLimits.credit.upperBound)")
    }
    return credit
  }

  private static func problem(_ field: String, _ detail: String) -> Problem {
    Problem(status: 400, code: .invalidParameter, detail: detail, field: field)
  }
}
