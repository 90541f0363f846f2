import Kernel

/// Which names of a query's parameters mean something.
enum QueryNames {
  /// What others put into queries: whoever stands in front of weir reads tokens there (RFC 6750, section
  /// 2.3), because an EventSource cannot send headers.
  private static let ofOthers = ["access_token", "authorization", "token"]

  /// Those of the pairs that are for weir: caches are passed by with names that begin with `_`.
  static func own(
    _ pairs: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    pairs.filter { pair in
      !pair.name.utf8.starts(with: "_".utf8)
        && !ofOthers.contains { $0.hasSameBytes(as: pair.name) }
    }
  }

  /// Refuses a parameter that is none, with the one that may be meant.
  ///
  /// - Parameter rule: what is said where none comes near.
  static func check(
    _ pairs: [(name: String, value: String)], among names: [String], rule: String
  ) throws(Problem) {
    for pair in own(pairs) where !names.contains(where: { $0.hasSameBytes(as: pair.name) }) {
      let advice =
        NearestName.find(pair.name, among: names).map { "did you mean '\($0)'?" } ?? rule
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "there is no parameter '\(pair.name.excerpt())': \(advice)",
        field: pair.name.excerpt())
    }
  }

  /// What a parameter says that is on or off; alone by its name it is on.
  static func flag(_ text: String, name: String) throws(Problem) -> Bool {
    switch text {
    case "", "1", "true", "yes", "on": return true
    case "0", "false", "no", "off": return false
    default:
      throw Problem(
        status: 400, code: .invalidParameter,
        detail: "\(name) is '\(text.excerpt())'; it is true or false", field: name)
    }
  }
}
