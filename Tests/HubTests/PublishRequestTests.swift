import Figures
import FileQueue
import Testing

@testable import Hub

struct PublishRequestTests {
  struct Bad: CustomTestStringConvertible, Sendable {
    let body: String
    let code: ProblemCode
    var field: String?
    var testDescription: String { body }
  }

  private func read(
    _ body: String, contentType: String? = "application/json", pathTopic: String? = nil,
    query: String = ""
  ) throws -> PublishRequest {
    try PublishRequest(
      contentType: contentType, pathTopic: pathTopic, pairs: FormDecoding.pairs(query.utf8),
      body: Array(body.utf8))
  }

  @Test(arguments: [
    Bad(body: "", code: .malformedJSON),
    Bad(body: "{", code: .malformedJSON),
    Bad(body: "{\"message\":\"a\"} x", code: .malformedJSON),
    Bad(body: "{'message':'a'}", code: .malformedJSON),
    Bad(body: "{\"message\":\"\\ud800\"}", code: .malformedJSON),
    Bad(body: "{\"message\":\"a\u{0}b\"}", code: .malformedJSON),
    Bad(body: "{\"message\":\"a\",\"message\":\"b\"}", code: .duplicateField, field: "message"),
    Bad(
      body: "{\"message\":\"a\",\"topic\":\"b\",\"\\u0074opic\":\"c\"}", code: .duplicateField,
      field: "topic"),
    Bad(body: "\u{FEFF}{\"message\":\"a\"}", code: .malformedJSON),
    Bad(body: "{}", code: .missingMessage, field: "message"),
    Bad(body: "[]", code: .wrongType), Bad(body: "\"text\"", code: .wrongType),
    Bad(body: "null", code: .wrongType),
    Bad(body: "{\"message\":1}", code: .wrongType, field: "message"),
    Bad(body: "{\"message\":null}", code: .wrongType, field: "message"),
    Bad(body: "{\"message\":{\"a\":1}}", code: .wrongType, field: "message"),
    Bad(body: "{\"message\":\"a\",\"event\":7}", code: .wrongType, field: "event"),
    Bad(body: "{\"message\":\"a\",\"retry\":\"7\"}", code: .wrongType, field: "retry"),
    Bad(body: "{\"message\":\"a\",\"retry\":1.5}", code: .wrongType, field: "retry"),
    Bad(body: "{\"message\":\"a\",\"retry\":-1}", code: .invalidRetry, field: "retry"),
    Bad(body: "{\"message\":\"a\",\"colour\":1}", code: .unknownField, field: "colour"),
    Bad(body: "{\"message\":\"a\",\"event\":\"a\\nb\"}", code: .invalidEvent, field: "event"),
    Bad(body: "{\"message\":\"a\",\"event\":\"a\\rb\"}", code: .invalidEvent, field: "event"),
    Bad(body: "{\"message\":\"a\",\"event\":\"a\\u0000b\"}", code: .invalidEvent, field: "event"),
    Bad(body: "{\"message\":\"a\",\"event\":\"\"}", code: .invalidEvent, field: "event"),
    Bad(
      body: "{\"message\":\"a\",\"event\":\"weir.gap\"}", code: .invalidEvent, field: "event"),
    Bad(body: "{\"message\":\"a\",\"topic\":\"\"}", code: .invalidTopic, field: "topic"),
    Bad(body: "{\"message\":\"a\",\"topic\":\"a\\nb\"}", code: .invalidTopic, field: "topic"),
    Bad(body: "{\"message\":\"a\",\"topic\":\"a.*\"}", code: .invalidTopic, field: "topic"),
  ])
  func `a bad body is told what is wrong with it`(bad: Bad) {
    let problem = #expect(throws: Problem.self) { try read(bad.body) }
    #expect(problem?.code == bad.code)
    #expect(problem?.field == bad.field)
    #expect(problem.map { (400..<500).contains($0.status) } == true)
  }

  @Test(arguments: [
    ("{\"message\":\"a\nb\"}", ["a raw newline", "byte 13", "write it as \\n"]),
    ("{\"message\":\"a\u{0}b\"}", ["a NUL byte", "byte 13", "\\u0000"]),
    ("{\"message\":\"\\ud800\"}", ["half of a surrogate pair", "byte 12"]),
    ("{\n\"message\": \"a\",\n}", ["a comma", "byte 16 (line 2, column 15)", "leave it out"]),
    ("{\"message\":\"a\"", ["it ends in the middle of an object", "byte 14"]),
    ("{'message':'a'}", ["a single quote", "byte 1"]), ("", ["it is empty"]),
    ("message=a", ["what stands at byte 0"]),
  ])
  func `what is no JSON is told what it is and where`(body: String, words: [String]) {
    let problem = #expect(throws: Problem.self) { try read(body) }
    for word in words {
      #expect(problem?.detail.contains(word) == true, "\(problem?.detail ?? "")")
    }
  }

  @Test func `a body that is compressed is told so`() {
    let magic = #expect(throws: Problem.self) {
      try PublishRequest(
        contentType: "application/json", pathTopic: nil, body: [0x1F, 0x8B, 8, 0, 1])
    }
    #expect(magic?.status == 415 && magic?.detail.contains("gzip") == true)
    let body = Array("{\"message\":\"a\"}".utf8)
    let named = #expect(throws: Problem.self) {
      try PublishRequest(
        contentType: "application/json", contentEncoding: "br", pathTopic: nil, body: body)
    }
    #expect(named?.status == 415 && named?.field == "Content-Encoding")
    for none in ["", "identity", "Identity "] {
      #expect(throws: Never.self) {
        try PublishRequest(
          contentType: "application/json", contentEncoding: none, pathTopic: nil, body: body)
      }
    }
  }

  @Test func `hostile nesting is an error, not a crash`() {
    let body = "{\"message\":" + String(repeating: "[", count: 500_000)
    #expect(throws: Problem.self) { try read(body) }
  }

  @Test func `the largest body fits into an event, however it is escaped`() throws {
    // Each newline is two bytes of JSON, and a whole line of the stream.
    let (head, tail) = ("{\"message\":\"", "\"}")
    let count = (HubLimits.requestBodyByteCountMaximum - head.utf8.count - tail.utf8.count) / 2
    let request = try read(head + String(repeating: "\\n", count: count) + tail)
    #expect(request.event.byteCount > count * 6)
  }

  @Test func `an event that the queue does not take is told so with a code of its own`() {
    let problem = Problem(QueueError.eventTooLarge(byteCount: 5, byteCountMaximum: 4))
    #expect(problem.status == 413)
    #expect(problem.code == .eventTooLarge)
    #expect(problem.detail.contains("5 bytes"))
  }

  @Test func `bytes that are not UTF-8 are told so`() {
    let bytes = Array("{\"message\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)
    let problem = #expect(throws: Problem.self) {
      try PublishRequest(contentType: "application/json", pathTopic: nil, body: bytes)
    }
    #expect(problem?.code == .invalidUTF8)
  }

  @Test(arguments: [
    "application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json",
  ])
  func `JSON by any of its names is taken`(contentType: String) throws {
    #expect(try read("{\"message\":\"a\"}", contentType: contentType).topics == [.default])
  }

  @Test func `of several things that are wrong always the same one is told`() {
    for _ in 0..<50 {
      let problem = #expect(throws: Problem.self) {
        try read("{\"topic\":null,\"retry\":null,\"event\":null,\"message\":null}")
      }
      #expect(problem?.field == "event")
      let unknown = #expect(throws: Problem.self) { try read("{\"d\":1,\"c\":1,\"b\":1}") }
      #expect(unknown?.field == "b")
    }
  }

  @Test func `an answer repeats little of what was sent`() {
    let long = "e" + String(repeating: "\u{301}", count: 10_000)
    for body in ["{\"\(long)\":1}", "{\"message\":\"a\",\"topic\":\"\(long)\"}"] {
      let problem = #expect(throws: Problem.self) { try read(body, pathTopic: "x") }
      #expect(problem.map { $0.response.body.count < 1000 } == true)
    }
  }

  @Test(arguments: ["topic", "stream"])
  func `the query may name the topic`(name: String) throws {
    let body = "{\"message\":\"a\"}"
    #expect(try read(body, query: "\(name)=x%20y").topics == [try Topic("x y")])
    #expect(try read(body, pathTopic: "x", query: "\(name)=x&\(name)=x").topics == [try Topic("x")])
    for query in ["\(name)=y", "\(name)=x&\(name)=y"] {
      let problem = #expect(throws: Problem.self) { try read(body, pathTopic: "x", query: query) }
      #expect(problem?.code == .invalidTopic)
    }
  }

  @Test func `a query that publishing knows nothing of is refused`() {
    let problem = #expect(throws: Problem.self) {
      try read("{\"message\":\"a\"}", query: "topci=x")
    }
    #expect(problem?.code == .invalidParameter)
    #expect(problem?.field == "topci")
    #expect(problem?.detail.contains("did you mean 'topic'?") == true)
    let field = #expect(throws: Problem.self) { try read("{\"mesage\":\"a\"}") }
    #expect(field?.detail.contains("did you mean 'message'?") == true)
  }

  @Test func `a topic of other bytes is another one`() {
    let problem = #expect(throws: Problem.self) {
      try read("{\"message\":\"a\",\"topic\":\"\u{E9}\"}", pathTopic: "e\u{301}")
    }
    #expect(problem?.code == .invalidTopic)
  }

  @Test func `the topic comes from the path or the body, but not two from both`() throws {
    #expect(try read("{\"message\":\"a\"}", pathTopic: "x").topics == [try Topic("x")])
    #expect(try read("{\"message\":\"a\",\"topic\":\"y\"}").topics == [try Topic("y")])
    #expect(
      try read("{\"message\":\"a\",\"topic\":\"y\"}", pathTopic: "y").topics == [try Topic("y")])
    #expect(throws: Problem.self) {
      try read("{\"message\":\"a\",\"topic\":\"y\"}", pathTopic: "x")
    }
  }
}
