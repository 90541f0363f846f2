import Figures

extension Route {
  private static let named: [(route: Route, path: [UInt8])] = [
    (.stream, Array("/sse".utf8)), (.publish, Array("/publish".utf8)),
    (.topics, Array("/topics".utf8)),
    (.status, Array("/weir/status".utf8)), (.metrics, Array("/weir/metrics".utf8)),
    (.health, Array("/weir/healthz".utf8)),
    // As configurations of before the prefix ask for them.
    (.status, Array("/status".utf8)), (.metrics, Array("/metrics".utf8)),
    (.health, Array("/healthz".utf8)),
  ]

  /// The route of a path as the web server understands it, which wins over what the client has sent.
  init(path: [UInt8]) {
    let found = Self.named.first { entry in
      path.starts(with: entry.path)
        && (path.count == entry.path.count
          || (entry.route.hasTopics && path[entry.path.count] == UInt8(ascii: "/")))
    }
    self = found?.route ?? .other
  }

  /// The path without a topic; empty where there is no such route.
  var path: [UInt8] { Self.named.first { $0.route == self }?.path ?? [] }

  /// Whether pages ask for it, those of other origins too.
  var isForPages: Bool {
    switch self {
    case .stream, .publish, .topics: true
    case .status, .metrics, .health, .other: false
    }
  }

  /// The methods that it takes, as the header `Allow` has them.
  var methods: String {
    switch self {
    case .stream: "GET, HEAD, OPTIONS"
    case .publish: "PUT, POST, OPTIONS"
    case .topics: "GET, HEAD, DELETE, OPTIONS"
    case .status, .metrics, .health, .other: "GET, HEAD"
    }
  }

  private var hasTopics: Bool { [.stream, .publish, .topics].contains(self) }
}
