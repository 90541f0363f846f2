import Kernel

/// Which other origins' pages may read streams (Fetch standard, CORS protocol).
struct CrossOrigin: Sendable {
  private let origins: [String]
  private let allowsAll: Bool

  init(_ origins: [String]) {
    self.origins = origins
    allowsAll = origins.contains { $0.hasSameBytes(as: "*") }
  }

  /// Headers of an answer to a request of `origin`.
  func headers(for origin: String?) -> [(name: String, value: String)] {
    if allowsAll { return [(name: "Access-Control-Allow-Origin", value: "*")] }
    guard !origins.isEmpty else { return [] }
    let vary = (name: "Vary", value: "Origin")
    guard let origin, origins.contains(where: { $0.hasSameBytes(as: origin) }) else {
      return [vary]
    }
    return [(name: "Access-Control-Allow-Origin", value: origin), vary]
  }

  /// Headers of an answer to a preflight.
  func preflightHeaders(
    for origin: String?, methods: String
  ) -> [(name: String, value: String)] {
    let headers = headers(for: origin)
    guard headers.contains(where: { $0.name == "Access-Control-Allow-Origin" }) else {
      return headers
    }
    return headers + [
      (name: "Access-Control-Allow-Methods", value: methods),
      (
        name: "Access-Control-Allow-Headers",
        value: "Last-Event-ID, Cache-Control, Content-Type, Authorization"
      ),
      (name: "Access-Control-Max-Age", value: "86400"),
    ]
  }
}
