import Testing

@testable import Hub

struct PublishSenderTests {
  private func status(
    _ method: String = "POST", _ type: String = "text/plain", origin: String? = nil,
    site: String? = nil, host: String? = "push.example.org", allowed: [String] = []
  ) -> Int {
    let sender = PublishSender(
      method: method, contentType: type, origin: origin, fetchSite: site, host: host)
    do throws(Problem) { try sender.check(CrossOrigin(allowed)) } catch { return error.status }
    return 200
  }

  private static let other = "https://evil.example"

  @Test(arguments: [
    "", "text/plain", "text/plain; charset=utf-8", "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
  ])
  func `a page of another site cannot have a browser publish`(type: String) {
    #expect(status("POST", type, origin: Self.other) == 403)
    #expect(status("POST", type, origin: Self.other, site: "cross-site") == 403)
    #expect(status("POST", type, origin: "https://www.example.org", site: "same-site") == 403)
    #expect(status("POST", type, origin: "null") == 403)
    #expect(status("POST", type, site: "cross-site") == 403)
    #expect(status("GET", type, site: "cross-site") == 403)
    // Without headers nothing is known of it.
    #expect(status("POST", type, host: nil) == 415)
  }

  @Test func `a program may name no host, and a browser that did would be nobody's page`() {
    #expect(status(host: "") == 200)
    #expect(status("GET", "", host: "") == 200)
    #expect(status(origin: Self.other, host: "") == 403)
    #expect(status(origin: "https://", host: "") == 403)
  }

  @Test func `a program can, and so can the site's own pages and those that are named`() {
    #expect(status() == 200)
    #expect(status("GET", "") == 200)
    for origin in ["https://push.example.org", "http://push.example.org"] {
      #expect(status(origin: origin) == 200)
    }
    #expect(status(origin: "https://push.example.org:8443") == 403)
    #expect(status(origin: Self.other, site: "same-origin") == 200)
    #expect(status(site: "none") == 200)
    #expect(status(origin: Self.other, site: "cross-site", allowed: [Self.other]) == 200)
    #expect(status(origin: Self.other, allowed: [Self.other]) == 200)
    #expect(status(origin: Self.other, allowed: ["https://other.example"]) == 403)
    // That all may read is not that all may write.
    #expect(status(origin: Self.other, allowed: ["*"]) == 403)
  }

  @Test func `what a browser asks for first is left to what it is told then`() {
    for (method, type) in [
      ("PUT", "text/plain"), ("POST", "application/json"), ("POST", "image/png"),
    ] {
      #expect(status(method, type, origin: Self.other, site: "cross-site", host: nil) == 200)
    }
  }
}
