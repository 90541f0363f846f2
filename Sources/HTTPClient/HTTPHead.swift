/// The head of an answer.
public struct HTTPHead: Sendable {
  /// The version of HTTP: `1.1`, `2`.
  public let version: String
  /// The status, 200 to 599.
  public let status: Int
  /// In their order; names in lower case.
  public let headers: [(name: String, value: String)]

  /// The value of the first header of that name.
  ///
  /// - Parameter name: in lower case.
  public subscript(name: String) -> String? { headers.first { $0.name == name }?.value }

  /// The head that its lines tell; nil where they are none.
  ///
  /// - Parameter lines: without their ends, the status line first.
  init?(lines: [String]) {
    guard let first = lines.first else { return nil }
    let parts = first.split(separator: " ", maxSplits: 2)
    guard parts.count >= 2, parts[0].hasPrefix("HTTP/"), let status = Int(parts[1]) else {
      return nil
    }
    version = String(parts[0].dropFirst(5))
    self.status = status
    headers = lines.dropFirst().compactMap { line in
      guard let colon = line.firstIndex(of: ":") else { return nil }
      let value = line[line.index(after: colon)...]
      return (
        name: line[..<colon].lowercased(),
        value: String(
          value.drop { $0 == " " || $0 == "\t" }.trimmingSuffix { $0 == " " || $0 == "\t" })
      )
    }
  }

  /// Whether another answer follows: of an interim status, or of a redirection.
  var isInterim: Bool {
    (100..<200).contains(status) || ((300..<400).contains(status) && self["location"] != nil)
  }
}

extension Substring {
  fileprivate func trimmingSuffix(while isTrimmed: (Character) -> Bool) -> Substring {
    var rest = self
    while let last = rest.last, isTrimmed(last) { rest.removeLast() }
    return rest
  }
}
