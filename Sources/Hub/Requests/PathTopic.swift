import Figures

/// The topic that the path of a request names.
///
/// The web server says the route. It says a topic, too, but has decoded, merged and resolved what the
/// client sent: `https%3A%2F%2Fexample.org` is another topic by then. What it was, the address says as
/// the client sent it. Only where a site has rewritten the path, its word is all there is.
enum PathTopic {
  /// The topic behind a route; nil where none is named.
  ///
  /// - Parameters:
  ///   - path: SCRIPT_NAME and PATH_INFO: the path as the web server understands it.
  ///   - uri: REQUEST_URI; empty where the web server does not send it.
  static func read(_ route: Route, path: [UInt8], uri: [UInt8]) throws(Problem) -> String? {
    let said = path[route.path.count...].dropFirst()
    // The shipped files rewrite /sse to /sse/.
    let isPlain = isSame(uri, path) || (said.isEmpty && isSame(uri, route.path))
    let bytes =
      isPlain ? Array(said) : try topic(in: path, behind: route.path, RequestAddress(uri))
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem(
        status: 400, code: .invalidTopic,
        detail: "the path is not UTF-8 after its percent escapes are decoded: name the topic in "
          + "UTF-8", field: "topic")
    }
    return text.isEmpty ? nil : text
  }

  /// Whether an address is a path as it stands, as most are: nothing was decoded or resolved.
  private static func isSame(_ uri: [UInt8], _ path: [UInt8]) -> Bool {
    uri.starts(with: path)
      && (uri.count == path.count || uri[path.count] == UInt8(ascii: "?"))
  }

  private static func topic(
    in path: [UInt8], behind route: [UInt8], _ address: RequestAddress?
  ) throws(Problem) -> [UInt8] {
    let said = Array(path[route.count...].dropFirst())
    guard let address else { return said }
    let isRewritten =
      address.resolved != RequestAddress.resolve(path)
      && !(said.isEmpty && address.resolved == route)
    if isRewritten {
      let isFromAddress = !said.isEmpty && address.resolved.suffix(said.count) == said[...]
      if !isFromAddress || !address.hasToBeResolved { return said }
    } else if let topic = address.rest(behind: route.dropFirst()) {
      return topic
    }
    throw Problem(
      status: 400, code: .invalidTopic,
      detail: "the address leads here only after '//', '/./', '/../' or '%2F' in it is resolved, "
        + "and its topic may be another one then: send it without these, or name the topic as "
        + "?topic=…",
      field: "topic")
  }
}
