import Kernel

/// Whether a stream ends with what was there when it came: `poll=1`, or `until=now`.
struct StreamEnding {
  let isPoll: Bool

  /// The parameters that say so.
  static let names = ["poll", "until"]

  /// Reads the query.
  init(_ pairs: [(name: String, value: String)]) throws(Problem) {
    let isPolled = try Self.read(pairs, "poll", yes: ["1", "true"], no: ["0", "false"], "1 or 0")
    let isUntilNow = try Self.read(pairs, "until", yes: ["now"], no: [], "now")
    isPoll = isPolled || isUntilNow
  }

  private static func read(
    _ pairs: [(name: String, value: String)], _ name: String, yes: [String], no: [String],
    _ rule: String
  ) throws(Problem) -> Bool {
    guard let value = try pairs.onlyValue(of: name) else { return false }
    if yes.contains(where: { $0.hasSameBytes(as: value) }) { return true }
    if no.contains(where: { $0.hasSameBytes(as: value) }) { return false }
    throw Problem(
      status: 400, code: .invalidParameter,
      detail:
        "\(name) is '\(value.excerpt())'; it is \(rule): a stream ends with what is there, or goes on",
      field: name)
  }
}
