import Testing

@testable import Hub

struct OriginTests {
  @Test(arguments: [
    "*", "https://example.org", "http://localhost:3000", "https://example.org:8443",
    "http://127.0.0.1", "http://[::1]:8080", "https://xn--caf-dma.example", "capacitor://localhost",
    "chrome-extension://abcdefghijklmnop", "http://example.org:443",
  ])
  func `an origin as browsers write it is taken`(text: String) {
    #expect(Origin.fault(in: text) == nil)
  }

  @Test(arguments: [
    ("https://example.org/", "https://example.org"), ("https://Example.ORG", "https://example.org"),
    ("HTTPS://example.org", "https://example.org"), ("example.org", "https://example.org"),
    ("example.org:8443/", "https://example.org:8443"), ("//example.org", "https://example.org"),
    ("https://example.org/app?x#y", "https://example.org"),
    ("https://example.org:443", "https://example.org"),
    ("http://example.org:80/", "http://example.org"),
    (" https://example.org ", "https://example.org"),
    ("http://[::1]/", "http://[::1]"), ("https://example.org:08443", "https://example.org:8443"),
  ])
  func `one that is written otherwise is told how browsers write it`(text: String, right: String) {
    #expect(Origin.fault(in: text)?.contains("'\(right)'") == true)
    #expect(Origin.fault(in: right) == nil)
  }

  @Test(arguments: [
    "", "null", "https://", "https://*.example.org", "https://café.example", "https://a b@c",
    "https://example.org:0", "https://example.org:65536", "https://example.org:x",
    "1://example.org",
    "https://example.org,https://example.com", "https://[::1", "https://\u{301}", "/",
  ])
  func `what is no origin is told what one is`(text: String) {
    #expect(Origin.fault(in: text)?.contains("'*'") == true)
  }
}
