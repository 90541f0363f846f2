/// What became of a request.
package enum Attempt: Equatable, Sendable {
  case reply(Reply)
  /// No answer, or no whole one, and why.
  case failed(String)

  /// The answer, if there is one.
  package var reply: Reply? { if case .reply(let reply) = self { reply } else { nil } }
}

/// An answer.
package struct Reply: Equatable, Sendable {
  /// A line of its head.
  package struct Header: Equatable, Sendable {
    /// In lower case.
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package let status: Int
  /// `1.1`, `2`.
  package let version: String
  package let headers: [Header]
  /// As far as it has come.
  package var body: String

  package init(status: Int, version: String = "1.1", headers: [Header] = [], body: String = "") {
    self.status = status
    self.version = version
    self.headers = headers
    self.body = body
  }

  /// All values under a name, which is in lower case.
  package func values(_ name: String) -> [String] {
    headers.filter { $0.name == name }.map(\.value)
  }

  /// The media type, in lower case, without its parameters.
  package var mediaType: String {
    let type = values("content-type").first ?? ""
    return type.prefix { $0 != ";" && $0 != " " }.lowercased()
  }

  /// Whether browsers take it for a stream.
  package var isEventStream: Bool { status == 200 && mediaType == "text/event-stream" }

  /// What stands behind a name in a JSON object that is the body, where that is a text without escapes, or a
  /// number: all that weir's short answers are asked for.
  package func field(_ name: String) -> String? {
    guard let start = body.firstRange(of: "\"\(name)\":") else { return nil }
    let rest = body[start.upperBound...]
    guard rest.first == "\"" else { return String(rest.prefix { $0.isNumber }) }
    return String(rest.dropFirst().prefix { $0 != "\"" })
  }
}

extension StringProtocol {
  /// Where a text stands first.
  func firstRange(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) {
        return start..<index(start, offsetBy: text.count)
      }
      start = index(after: start)
    }
    return nil
  }
}
