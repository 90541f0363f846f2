import Figures
import Support
import Testing

@testable import Hub

struct PathTopicTests {
  /// - Parameter path: what the web server makes of the address.
  private func topic(_ path: String, _ uri: String, _ route: Route = .stream) throws -> String? {
    try PathTopic.read(route, path: Array(path.utf8), uri: Array(uri.utf8))
  }

  @Test(arguments: [
    ("/sse", "/sse", nil), ("/sse/", "/sse/", nil), ("/sse", "/sse?topic=x/../y", nil),
    ("/sse/", "/sse", nil), ("/sse/", "/sse?a", nil),
    ("/sse/a", "/sse/a", "a"), ("/sse/a", "/sse/%61", "a"), ("/sse/a", "/%73s%65/a", "a"),
    (
      "/sse/https:/example.org/books/1", "/sse/https%3A%2F%2Fexample.org%2Fbooks%2F1",
      "https://example.org/books/1"
    ),
    ("/sse/https:/example.org/1", "/sse/https://example.org/1?x=/sse/y", "https://example.org/1"),
    ("/sse/a/b", "/sse/a//b", "a//b"), ("/sse/a", "/sse//a", "/a"), ("/sse/a/", "/sse/a%2f", "a/"),
    ("/sse/b", "/sse/a/../b", "a/../b"), ("/sse/b", "/sse/a%2F..%2Fb", "a/../b"),
    ("/sse/a/", "/sse/a/b/..", "a/b/.."), ("/sse/a", "/sse/./a", "./a"),
    ("/sse/100%", "/sse/100%25", "100%"), ("/sse/%41", "/sse/%2541", "%41"),
    ("/sse/a+b", "/sse/a+b", "a+b"), ("/sse/a;b=c", "/sse/a;b=c", "a;b=c"),
    ("/sse/what?", "/sse/what%3F?topic=b", "what?"), ("/sse/a#b", "/sse/a%23b#c", "a#b"),
    ("/sse/a", "http://example.org/sse/a?b", "a"), ("/sse/a", "HTTPS://[::1]:8/sse/a", "a"),
    ("/sse/\u{301}a", "/sse/%CC%81a", "\u{301}a"),
    // With merge_slashes off.
    ("/sse/a//b", "/sse/a//b", "a//b"),
  ])
  func `the topic is what the client has sent`(path: String, uri: String, expected: String?) throws
  {
    let found = try topic(path, uri)
    #expect(found.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
  }

  @Test(arguments: [
    ("/sse/y", "/x/../sse/y"), ("/sse/y", "//sse/y"), ("/sse/y", "/./sse/y"),
    ("/sse/y", "/%2Fsse/y"), ("/sse/y", "/sse%2Fy"), ("/sse/y", "/%2e/sse/y"),
    ("/sse/y", "http://example.org//sse/y"), ("/sse", "//sse"), ("/sse/", "/x/../sse"),
    // Rewritten, and not what it was before.
    ("/sse/https:/a", "/live/https%3A%2F%2Fa"), ("/sse/b", "/live/a%2F..%2Fb"),
    ("/sse/a", "//live/a"),
  ])
  func `an address that has to be resolved first is refused, for its topic may be another one`(
    path: String, uri: String
  ) {
    let problem = #expect(throws: Problem.self) { try topic(path, uri) }
    #expect(problem?.code == .invalidTopic && problem?.status == 400)
  }

  @Test(arguments: [
    // rewrite ^/live/(.*)$ /sse/$1
    ("/sse/a b", "/live/a%20b?x", "a b"),
    // A location that sets SCRIPT_NAME, or an answer with X-Accel-Redirect.
    ("/sse/orders", "/shop//stream", "orders"), ("/sse", "/shop/stream", nil),
    ("/sse/", "/shop/..%2Fstream", nil), ("/sse/orders", "/app/sse/orders", "orders"),
    // Without the address, as copied from older files.
    ("/sse/https:/a", "", "https:/a"), ("/sse/a", "*", "a"), ("/sse/", "", nil),
  ])
  func `where the site has rewritten the path its word is what counts`(
    path: String, uri: String, expected: String?
  ) throws {
    #expect(try topic(path, uri) == expected)
  }

  @Test func `every byte in a path is that byte of the topic`() throws {
    for byte in UInt8.min ... .max {
      let digits = String(byte, radix: 16)
      let small = "%" + String(repeating: "0", count: 2 - digits.count) + digits
      for escape in [small, small.uppercased()] {
        let uri = Array("/sse/a\(escape)b".utf8)
        let path = RequestAddress.resolve(Array("/sse/a".utf8) + [byte] + Array("b".utf8))
        if byte < 0x80 {
          let found = try #require(try PathTopic.read(.stream, path: path, uri: uri))
          #expect(Array(found.utf8) == Array("a".utf8) + [byte] + Array("b".utf8))
        } else {
          #expect(throws: Problem.self) { try PathTopic.read(.stream, path: path, uri: uri) }
        }
      }
    }
  }

  @Test func `whatever the address is, its topic is itself or a problem`() throws {
    var random = SeededGenerator()
    let parts = [
      "/", "//", ".", "..", "/../", "/./", "%2F", "%2e", "%", "%2", "a", "sse", "+", ";", "?", "#",
      ":",
    ]
    for _ in 0..<20_000 {
      let uri = Array(("/sse" + random.text(of: parts, 0...8)).utf8)
      guard let address = RequestAddress(uri) else { continue }
      #expect(RequestAddress.resolve(address.resolved) == address.resolved)
      guard Route(path: address.resolved) == .stream else { continue }
      // As it was sent: no web server's reading comes between.
      let end = uri.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? uri.count
      let sent = PercentDecoding.decode(uri[..<end].dropFirst("/sse/".utf8.count))
      if let topic = try? PathTopic.read(.stream, path: address.resolved, uri: uri) {
        #expect(Array(topic.utf8) == sent)
      }
    }
  }

  @Test func `a route is found byte by byte`() {
    let routes: [(String, Route)] = [
      ("/sse", .stream), ("/sse/", .stream), ("/sse/\u{301}", .stream), ("/sse\u{301}/x", .other),
      ("/ssex", .other), ("/publish/\u{1F3FD}", .publish), ("/status", .status),
      ("/status/", .other), ("/metrics", .metrics), ("/healthz", .health), ("", .other),
    ]
    for (path, route) in routes { #expect(Route(path: Array(path.utf8)) == route, "\(path)") }
  }
}
