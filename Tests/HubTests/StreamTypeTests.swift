import Testing

@testable import Hub

struct StreamTypeTests {
  private func type(_ accept: String?, isPoll: Bool = false) throws -> String {
    try StreamType(AcceptHeader(accept), isPoll: isPoll).name
  }

  @Test(arguments: [
    nil, "", "*/*", "text/event-stream", "TEXT/Event-Stream", "text/*", "text/html,*/*;q=0.8",
    "text/html", "image/png", "application/json, text/plain, */*",
    "application/x-ndjson;q=0.5, text/event-stream", "application/x-ndjson;q=0, */*",
  ])
  func `who asks for nothing else gets an event stream`(accept: String?) throws {
    #expect(try type(accept) == "text/event-stream")
  }

  @Test(arguments: [
    ("application/x-ndjson", "application/x-ndjson"), ("application/jsonl", "application/jsonl"),
    ("application/ndjson", "application/ndjson"),
    ("application/x-ndjson, */*", "application/x-ndjson"),
    ("text/event-stream;q=0.1, application/x-ndjson;q=0.9", "application/x-ndjson"),
    ("application/json, application/x-ndjson", "application/x-ndjson"),
  ])
  func `who asks for lines of JSON gets the type that was named`(accept: String, name: String)
    throws
  {
    for isPoll in [false, true] where !isPoll || accept != "application/json, application/x-ndjson"
    {
      #expect(try type(accept, isPoll: isPoll) == name)
    }
  }

  @Test(arguments: [
    "application/json", "application/json, text/plain, */*", "Application/JSON; charset=utf-8",
    "text/event-stream;q=0.5, application/json",
  ])
  func `a poll may be one JSON text`(accept: String) throws {
    #expect(try type(accept, isPoll: true) == "application/json")
  }

  @Test(arguments: ["application/json", "application/json, text/plain"])
  func `a stream is none, and that is said`(accept: String) {
    let problem = #expect(throws: Problem.self) { try type(accept) }
    #expect(problem?.status == 406 && problem?.code == .notAcceptable)
    #expect(problem?.detail.contains("poll=1") == true)
  }
}
