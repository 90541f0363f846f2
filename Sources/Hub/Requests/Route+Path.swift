import Figures

extension Route {
  private static let named: [(route: Route, path: [UInt8])] = [
    (.stream, Array("/sse".utf8)), (.publish, Array("/publish".utf8)),
    (.topics, Array("/topics".utf8)),
    (.groups, Array("/groups".utf8)),
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
          || (entry.route.hasPathsBelow && path[entry.path.count] == UInt8(ascii: "/")))
    }
    self = found?.route ?? .other
  }

  /// The path without a topic; empty where there is no such route.
  var path: [UInt8] { Self.named.first { $0.route == self }?.path ?? [] }

  /// Whether pages ask for it, those of other origins too.
  var isForPages: Bool {
    switch self {
    case .stream, .publish, .topics, .groups: true
    case .status, .metrics, .health, .other: false
    }
  }

  /// The methods that it takes, as the header `Allow` has them.
  var methods: String {
    switch self {
    case .stream: "GET, HEAD, OPTIONS"
    case .publish: "PUT, POST, OPTIONS"
    case .topics: "GET, HEAD, DELETE, OPTIONS"
    case .groups: "GET, HEAD, POST, DELETE, OPTIONS"
    case .status, .metrics, .health, .other: "GET, HEAD"
    }
  }

  /// The methods that a path of it takes.
  func methods(at path: [UInt8]) -> String {
    if path == TicketRequest.path { return "GET, HEAD, POST, OPTIONS" }
    guard self == .groups else { return methods }
    return switch path.split(separator: UInt8(ascii: "/")).count {
    case 1: "GET, HEAD, OPTIONS"
    case 2: "GET, HEAD, DELETE, OPTIONS"
    default: "POST, OPTIONS"
    }
  }

  private var hasPathsBelow: Bool { [.stream, .publish, .topics, .groups].contains(self) }
}
