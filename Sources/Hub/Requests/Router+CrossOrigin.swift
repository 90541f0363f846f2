import FastCGI
import Figures

extension Router {
  /// What every answer to a request gets for the page that made it.
  func pageHeaders(
    _ request: borrowing Request, on route: Route
  ) -> [(name: String, value: String)] {
    crossOrigin.headers(for: request.parameter("HTTP_ORIGIN"), on: route)
  }

  /// Answers OPTIONS: which methods there are, and to a browser that asks for a page of another origin,
  /// what the page may do; nil where the request is another one.
  func preflight(_ request: borrowing Request, on route: Route) -> Response? {
    guard route.isForPages, request.method == "OPTIONS" else { return nil }
    let pathTopic = route == .publish ? try? Self.topic(of: request, behind: route) : nil
    let methods = DelayedRequest.methods(pathTopic: pathTopic) ?? route.methods(at: request.path)
    return Response(
      status: 204,
      headers: crossOrigin.preflightHeaders(
        for: request.parameter("HTTP_ORIGIN"), on: route, methods: methods)
        + [(name: "Allow", value: methods)], body: [])
  }
}
