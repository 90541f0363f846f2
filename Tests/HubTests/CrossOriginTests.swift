import Testing

@testable import Hub

struct CrossOriginTests {
  private func allowed(_ origins: [String], _ origin: String?) -> String? {
    CrossOrigin(origins).headers(for: origin)
      .first { $0.name == "Access-Control-Allow-Origin" }?.value
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
    let headers = CrossOrigin(["https://a.example"]).headers(for: "https://b.example")
    #expect(headers.map(\.name) == ["Vary"])
  }

  @Test func `a preflight of a strange origin is told nothing`() {
    let headers = CrossOrigin(["https://a.example"])
      .preflightHeaders(for: "https://b.example", methods: "GET")
    #expect(headers.map(\.name) == ["Vary"])
  }
}
