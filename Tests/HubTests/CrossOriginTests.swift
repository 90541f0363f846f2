import Figures
import Testing

@testable import Hub

struct CrossOriginTests {
  private func header(
    _ name: String, _ origins: [String], _ origin: String?, on route: Route = .stream
  ) -> String? {
    CrossOrigin(origins).headers(for: origin, on: route).first { $0.name == name }?.value
  }

  private func allowed(
    _ origins: [String], _ origin: String?, on route: Route = .stream
  ) -> String? {
    header("Access-Control-Allow-Origin", origins, origin, on: route)
  }

  @Test func `an origin is allowed to the letter or by a star, and otherwise not`() {
    #expect(allowed(["*"], "https://a.example") == "*")
    #expect(allowed(["https://a.example"], "https://a.example") == "https://a.example")
    #expect(allowed(["https://a.example"], "https://b.example") == nil)
    #expect(allowed(["https://a.example"], "null") == nil)
    #expect(allowed(["https://a.example"], nil) == nil)
    #expect(allowed([], "https://a.example") == nil)
  }

  @Test func `an origin of other bytes is another one`() {
    #expect(allowed(["https://\u{E9}.example"], "https://e\u{301}.example") == nil)
    #expect(allowed(["https://K.example"], "https://\u{212A}.example") == nil)
  }

  @Test func `an answer that depends on the origin says so to caches`() {
    let headers = CrossOrigin(["https://a.example"])
      .headers(for: "https://b.example", on: .stream)
    #expect(headers.map(\.name) == ["Vary"])
    #expect(header("Vary", ["*", "https://a.example"], "https://b.example") == "Origin")
    #expect(header("Vary", ["*"], "https://b.example") == nil)
  }

  @Test func `cookies are for origins that are named, never for all`() {
    let name = "Access-Control-Allow-Credentials"
    let origins = ["*", "https://a.example"]
    #expect(header(name, origins, "https://a.example") == "true")
    #expect(allowed(origins, "https://a.example") == "https://a.example")
    #expect(header(name, origins, "https://b.example") == nil)
    #expect(allowed(origins, "https://b.example") == "*")
    #expect(header(name, ["*"], "*") == nil)
  }

  @Test func `a star lets all pages read streams, and none publish`() {
    #expect(allowed(["*"], "https://a.example", on: .publish) == nil)
    #expect(!CrossOrigin(["*"]).names("*"))
    #expect(
      allowed(["https://a.example"], "https://a.example", on: .publish) == "https://a.example")
    #expect(allowed(["https://a.example"], "https://a.example", on: .status) == nil)
  }

  @Test func `a preflight of a strange origin is told nothing`() {
    let headers = CrossOrigin(["https://a.example"])
      .preflightHeaders(for: "https://b.example", on: .stream, methods: "GET")
    #expect(headers.isEmpty)
  }
}
