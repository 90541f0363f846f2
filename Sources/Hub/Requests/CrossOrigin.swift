import Figures
import Kernel

/// What pages of other origins may do (Fetch standard, CORS protocol).
///
/// All may read streams where `*` is among the origins. Whatever else there is, publishing too, is for
/// origins that are named; their pages may also send cookies.
struct CrossOrigin: Sendable {
  private let origins: [String]
  private let allowsAll: Bool

  /// For how long a browser need not ask again, in seconds.
  private static let preflightAgeSeconds = 86_400
  /// What scripts may read of an answer's head beside what they always may.
  private static let exposedHeaders = "Idempotency-Replayed, Retry-After, WWW-Authenticate"
  /// What scripts may send beside what they always may.
  private static let requestHeaders =
    (["Authorization", "Cache-Control", "Content-Type", "Idempotency-Key", "Last-Event-ID"]
    + ["Topic", "Topics", "Event", "Retry", "TTL", "Delay", "At", "End"].flatMap {
      [$0, "X-\($0)"]
    })
    .joined(separator: ", ")

  init(_ origins: [String]) {
    self.origins = origins
    allowsAll = origins.contains { $0.hasSameBytes(as: "*") }
  }

  /// Headers of each answer to a request of `origin`, errors too: without them its page could not read
  /// what is wrong.
  func headers(for origin: String?, on route: Route) -> [(name: String, value: String)] {
    guard route.isForPages, !origins.isEmpty else { return [] }
    let vary = (name: "Vary", value: "Origin")
    let exposed = (name: "Access-Control-Expose-Headers", value: Self.exposedHeaders)
    if let origin, names(origin) {
      return [
        (name: "Access-Control-Allow-Origin", value: origin),
        (name: "Access-Control-Allow-Credentials", value: "true"), exposed, vary,
      ]
    }
    if allowsAll, route == .stream {
      let all = [(name: "Access-Control-Allow-Origin", value: "*"), exposed]
      return origins.count > 1 ? all + [vary] : all
    }
    return [vary]
  }

  /// What an answer to a preflight has beside them; empty where the origin may do nothing.
  func preflightHeaders(
    for origin: String?, on route: Route, methods: String
  ) -> [(name: String, value: String)] {
    let mayAsk = headers(for: origin, on: route)
      .contains { $0.name.hasSameBytes(as: "Access-Control-Allow-Origin") }
    guard mayAsk else { return [] }
    return [
      (name: "Access-Control-Allow-Methods", value: methods),
      (name: "Access-Control-Allow-Headers", value: Self.requestHeaders),
      (name: "Access-Control-Max-Age", value: "\(Self.preflightAgeSeconds)"),
    ]
  }

  /// Whether an origin is named itself, so that its pages may do all that there is.
  func names(_ origin: String?) -> Bool {
    guard let origin, !origin.hasSameBytes(as: "*") else { return false }
    return origins.contains { $0.hasSameBytes(as: origin) }
  }
}
