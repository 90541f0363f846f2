import Testing

@testable import FastCGI

@Suite struct RequestFileTests {
  init() { FastCGILibrary.initialize() }

  @Test func `a request of any length is read whole after one of any other`() throws {
    var file = try RequestFile()
    for size in [10, 70_000, 10, 9, 10, 0, 70_000] {
      let body = [UInt8](repeating: UInt8(ascii: "a"), count: size)
      let bytes = WebServer.request("/\(size)", body: body)
      try file.replaceContent(with: bytes.span)
      let found = try read(&file, bytes.count)
      #expect(found == ["PUT", "/\(size)", String(decoding: body, as: UTF8.self)])
    }
  }

  @Test func `what is not whole is not filled up with what was there before`() throws {
    var file = try RequestFile()
    let whole = WebServer.request("/whole", body: Array("secret".utf8))
    try file.replaceContent(with: whole.span)
    let found = try read(&file, whole.count)
    #expect(found == ["PUT", "/whole", "secret"])
    // As much as a peer may leave out; the file still had all of it.
    try file.replaceContent(with: whole.span.extracting(0..<(whole.count - 30)))
    let cut = try read(&file, whole.count)
    #expect(cut?.last != "secret")
  }

  @Test func `a request that libfcgi refuses leaves the next one unharmed`() throws {
    var file = try RequestFile()
    let bytes = WebServer.request("/next", body: Array("abc".utf8))
    for _ in 0..<3 {
      try file.replaceContent(with: [UInt8](repeating: 9, count: 64).span)
      let refused = try read(&file, 64)
      #expect(refused == nil)
      try file.replaceContent(with: bytes.span)
      let found = try read(&file, bytes.count)
      #expect(found == ["PUT", "/next", "abc"])
    }
  }

  /// Method, path and body; nil where libfcgi refuses the request.
  private func read(_ file: inout RequestFile, _ byteCount: Int) throws -> [String]? {
    guard let request = try Request(&file, byteCount: byteCount) else { return nil }
    return [
      request.method, String(decoding: request.path, as: UTF8.self),
      String(decoding: request.body, as: UTF8.self),
    ]
  }
}
