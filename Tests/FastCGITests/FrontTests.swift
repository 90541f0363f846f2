import CFCGI
import Kernel
import Support
import Testing

@testable import FastCGI

@Suite(.timeLimit(.minutes(2)))
struct FrontTests {
  @Test func `the fields of libfcgi that weir touches lie where they were when it was written`() {
    #expect(weir_fcgx_request_size() == 80)
    #expect(weir_fcgx_ipc_fd_offset() == 48)
    #expect(weir_fcgx_detached_offset() == 76)
  }

  @Test(arguments: [0, 1, 8191, 8192, 8193, 65_535, 1 << 20], [1000, 65_535])
  func `a body of any size arrives whole, however it is cut`(size: Int, piece: Int) throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/a", body: body, pieceByteCount: piece, padding: 7))
    let answer = try #require(try peer.readAnswer())
    #expect(answer.hasSuffix(Echo.text("PUT", "/a", body)))
  }

  @Test func `a kept connection serves one request after the other, pipelined ones too`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/1") + WebServer.request("/2", id: 2))
    #expect(try peer.readAnswer()?.contains("PUT /1 ") == true)
    #expect(try peer.readAnswer()?.contains("PUT /2 ") == true)
    try peer.send(WebServer.request("/later") + WebServer.request("/3"))
    #expect(try peer.readAnswer()?.hasSuffix("late") == true)
    #expect(try peer.readAnswer()?.contains("PUT /3 ") == true)
    try peer.send(WebServer.request("/4", keeps: false))
    #expect(try peer.readAnswer()?.contains("PUT /4 ") == true)
    #expect(try peer.readRecord() == nil)
  }

  @Test func `at the end the peer is to close a kept connection and can send nothing on it`() throws
  {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/a"))
    #expect(try peer.readAnswer() != nil)
    fixture.beginToStop()
    #expect(try peer.readRecord()?.type == 11)
    let error = #expect(throws: SystemCallError.self) { try peer.send(WebServer.request("/b")) }
    #expect(error?.errno == .brokenPipe)
  }

  @Test func `what was sent on kept connections before the end is answered`() throws {
    let fixture = try FrontFixture()
    let peers = try (0..<20).map { _ in
      let peer = try Peer(fixture.path)
      try peer.send(WebServer.request("/a"))
      #expect(try peer.readAnswer() != nil)
      try peer.send(WebServer.request("/b"))
      return peer
    }
    fixture.beginToStop()
    for peer in peers {
      #expect(try peer.readAnswer()?.contains("/b") == true)
      while let record = try peer.readRecord() { #expect(record.type == 11) }
    }
    fixture.stop()
  }

  @Test func `a request that comes byte by byte is answered, and others meanwhile`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let slow = try Peer(fixture.path)
    for (index, byte) in WebServer.request("/slow", body: [1, 2, 3]).enumerated() {
      try slow.send([byte])
      if index % 100 == 0 {
        let quick = try Peer(fixture.path)
        try quick.send(WebServer.request("/quick"))
        #expect(try quick.readAnswer()?.contains("/quick") == true)
      }
    }
    #expect(try slow.readAnswer()?.contains("/slow 3 ") == true)
  }

  @Test func `peers that stall hold nobody up`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let request = WebServer.request("/x", body: [1])
    let stalled = try (0..<request.count).map { length in
      let peer = try Peer(fixture.path)
      try peer.send(Array(request[..<length]))
      return peer
    }
    let quick = try Peer(fixture.path)
    try quick.send(request)
    #expect(try quick.readAnswer() != nil)
    #expect(stalled.count == request.count)
  }

  @Test func `a header's value cannot begin another header`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/a"))
    #expect(try peer.readAnswer()?.contains("X-Echo: ab\r\n") == true)
  }

  @Test func `a body over the limit is read to its end and refused`() throws {
    var limits = FrontLimits()
    limits.requestBodyByteCountMaximum = 1000
    let fixture = try FrontFixture(limits: limits)
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/a", body: [UInt8](repeating: 1, count: 3_000_000)))
    #expect(try peer.readAnswer()?.hasPrefix("Status: 413 ") == true)
    try peer.send(WebServer.request("/b", body: [UInt8](repeating: 1, count: 1000)))
    #expect(try peer.readAnswer()?.contains("/b 1000 ") == true)
  }

  @Test func `a stream is written record by record and ends as the specification says`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/stream", method: "GET", id: 0x0102))
    let bytes = try peer.readToEnd()
    let content = Array("Status: 200 OK\r\n\r\ndata: x\n\n".utf8)
    #expect(
      bytes == [1, 6, 1, 2, 0, UInt8(content.count), 0, 0] + content + [1, 6, 1, 2, 0, 0, 0, 0]
        + [1, 3, 1, 2, 0, 8, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 0])
  }

  @Test func `an abort of a request that is answered by now is passed over`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    let abort = WebServer.record(2, [])
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/1"))
    #expect(try peer.readAnswer()?.contains("PUT /1 ") == true)
    try peer.send(abort + abort + WebServer.request("/2"))
    #expect(try peer.readAnswer()?.contains("PUT /2 ") == true)
    try peer.send(WebServer.request("/later") + abort + WebServer.request("/3"))
    #expect(try peer.readAnswer()?.hasSuffix("late") == true)
    #expect(try peer.readAnswer()?.contains("PUT /3 ") == true)
  }

  @Test func `an answer to a peer that is gone is dropped`() throws {
    let fixture = try FrontFixture()
    defer { fixture.stop() }
    for _ in 0..<50 {
      let peer = try Peer(fixture.path)
      try peer.send(WebServer.request("/later"))
    }
    let peer = try Peer(fixture.path)
    try peer.send(WebServer.request("/later"))
    #expect(try peer.readAnswer()?.hasSuffix("late") == true)
  }
}
