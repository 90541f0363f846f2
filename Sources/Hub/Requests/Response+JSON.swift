import FastCGI
import Figures

extension Response {
  /// An answer of 200 with a value as JSON, for this moment.
  static func json(_ value: some Encodable) -> Response {
    Response(
      status: 200,
      headers: [
        (name: "Content-Type", value: "application/json"),
        (name: "Cache-Control", value: "no-store"),
      ], body: JSON.encode(value))
  }
}
