import Support
import Testing

@testable import FastCGI

/// What no web server sends: weir closes, or answers as the specification says, and serves others.
@Suite(.timeLimit(.minutes(2)))
struct GarbageTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let bytes: [UInt8]
    var testDescription: String { name }
  }

  static let closing: [Case] = [
    Case(name: "text", bytes: Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
    Case(name: "version 2", bytes: WebServer.record(1, [0, 1, 0, 0, 0, 0, 0, 0], version: 2)),
    Case(name: "PARAMS first", bytes: WebServer.record(4, [])),
    Case(name: "BEGIN of 7 bytes", bytes: WebServer.record(1, [0, 1, 0, 0, 0, 0, 0])),
    Case(name: "a second BEGIN", bytes: WebServer.begin() + WebServer.begin(id: 2)),
    Case(name: "another id", bytes: WebServer.begin() + WebServer.record(4, id: 2, [])),
    Case(
      name: "padding on the end of PARAMS",
      bytes: WebServer.begin() + WebServer.record(4, [], padding: 8)),
    Case(
      name: "a value longer than PARAMS",
      bytes: WebServer.begin() + WebServer.record(4, [1, 200, 65]) + WebServer.record(4, [])),
    Case(
      name: "lengths of 2 GiB",
      bytes: WebServer.begin()
        + WebServer.record(4, [0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFF, 0xFE, 65])
        + WebServer.record(4, [])),
    Case(
      name: "PARAMS without end",
      bytes: WebServer.begin()
        + (0..<3).flatMap { _ in WebServer.record(4, [UInt8](repeating: 0, count: 40_000)) }),
    Case(
      name: "a management record inside a request",
      bytes: WebServer.begin() + WebServer.record(9, id: 0, [])),
    Case(name: "STDIN before PARAMS end", bytes: WebServer.begin() + WebServer.record(5, [1])),
  ]

  @Test(arguments: closing)
  func `what is not FastCGI closes the connection and nothing else`(garbage: Case) throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try? peer.send(garbage.bytes)
    #expect(try peer.readToEnd().isEmpty)
    let good = try Peer(fixture.path)
    try good.send(WebServer.request("/good"))
    #expect(try good.readAnswer() != nil)
  }

  @Test(arguments: [1, 4, 10, 40])
  func `a question for values is answered once, however often a name is repeated`(
    count: Int
  ) throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    let names = (0..<count).flatMap { _ in WebServer.pair("FCGI_MPXS_CONNS", "") }
    try peer.send(WebServer.record(9, id: 0, names + WebServer.pair("FCGI_OTHER", "")))
    let answer = try #require(try peer.readRecord())
    #expect(answer.type == 10)
    #expect(answer.content == WebServer.pair("FCGI_MPXS_CONNS", "0"))
    try peer.send(WebServer.request("/after"))
    #expect(try peer.readAnswer()?.contains("/after") == true)
  }

  @Test func `a management record of another type is unknown`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.record(77, id: 0, [1, 2, 3]))
    let answer = try #require(try peer.readRecord())
    #expect(answer.type == 11)
    #expect(answer.content == [77, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `another role than a responder's is refused by its name`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.begin(role: 2))
    let answer = try #require(try peer.readRecord())
    #expect(answer.type == 3)
    #expect(answer.content[4] == 3)
  }

  @Test func `an abort ends the request, before its head and in its body`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let head = WebServer.begin() + WebServer.record(4, WebServer.pair("A", "b"))
    for before in [
      WebServer.begin(), head, head + WebServer.record(4, []) + WebServer.record(5, [1]),
    ] {
      let peer = try Peer(fixture.path)
      try peer.send(before + WebServer.record(2, []))
      #expect(try peer.readRecord()?.type == 3)
      try peer.send(WebServer.request("/after"))
      #expect(try peer.readAnswer()?.contains("/after") == true)
    }
  }

  @Test func `a request with any byte changed never hurts another`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    var generator = SeededGenerator()
    let request = WebServer.request("/mutant", body: [1, 2, 3, 4])
    for _ in 0..<400 {
      var bytes = request
      for _ in 0...Int.random(in: 0..<4, using: &generator) {
        bytes[Int.random(in: bytes.indices, using: &generator)] =
          UInt8.random(in: .min ... .max, using: &generator)
      }
      let peer = try Peer(fixture.path)
      try? peer.send(bytes)
    }
    let good = try Peer(fixture.path)
    try good.send(WebServer.request("/good"))
    #expect(try good.readAnswer()?.contains("/good") == true)
  }

  @Test func `random bytes never hurt anybody`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    var generator = SeededGenerator()
    for _ in 0..<300 {
      let bytes = (0..<Int.random(in: 1..<200, using: &generator)).map { _ in
        UInt8.random(in: 0..<12, using: &generator)
      }
      let peer = try Peer(fixture.path)
      try? peer.send(bytes)
    }
    let good = try Peer(fixture.path)
    try good.send(WebServer.request("/good"))
    #expect(try good.readAnswer()?.contains("/good") == true)
  }
}
