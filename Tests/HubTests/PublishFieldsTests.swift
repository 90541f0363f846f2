import Figures
import FileQueue
import Testing

@testable import Hub

/// The fields of an event, from all the places that may name them.
struct PublishFieldsTests {
  private func publish(
    body: String = "a", type: String? = "text/plain", path: String? = nil, query: String = "",
    headers: [(String, String)] = []
  ) throws -> PublishRequest {
    try PublishRequest(
      contentType: type, pathTopic: path, pairs: FormDecoding.pairs(query.utf8),
      headers: headers.map { (name: $0.0, value: Array($0.1.utf8)) }, body: Array(body.utf8))
  }

  private func problem(
    body: String = "a", type: String? = "text/plain", path: String? = nil, query: String = "",
    headers: [(String, String)] = []
  ) -> Problem? {
    do {
      _ = try publish(body: body, type: type, path: path, query: query, headers: headers)
    } catch { return error as? Problem }
    return nil
  }

  @Test func `a text has its fields in the query`() throws {
    let request = try publish(
      query: "event=paid&retry=5&ttl=10m&topic=a%2Cb&topic=c&topics=d,e&stream=f&key=k%201&end")
    let event = try QueuedEvent(request)
    #expect(event.type == "paid" && event.retry == 5 && event.expiresAt < .max && event.isEnd)
    #expect(event.topics == ["a,b", "c", "d", "e", "f"] && request.event.key?.text == "k 1")
    #expect(request.topics.map(\.text) == event.topics)
  }

  @Test(arguments: ["", "X_"])
  func `a text has its fields in headers`(prefix: String) throws {
    let request = try publish(headers: [
      ("\(prefix)EVENT", "paid"), ("\(prefix)RETRY", "5"), ("\(prefix)TTL", " 10m\t"),
      ("\(prefix)TOPIC", "Grüße, a"), ("\(prefix)TOPICS", "b, c ,d"),
      ("\(prefix)IDEMPOTENCY_KEY", "k"), ("\(prefix)END", "true"), ("HOST", "x"), ("ACCEPT", "*/*"),
    ])
    let event = try QueuedEvent(request)
    #expect(event.type == "paid" && event.retry == 5 && event.expiresAt < .max && event.isEnd)
    #expect(event.topics == ["Grüße, a", "b", "c", "d"] && request.event.key?.text == "k")
  }

  @Test func `JSON and forms have them there, too, where the body names none`() throws {
    for (body, type) in [
      (#"{"message":"a","event":"paid"}"#, "application/json"),
      (#"{"message":"a"}"#, "application/json"),
      ("message=a&event=paid", "application/x-www-form-urlencoded"),
    ] {
      let request = try publish(
        body: body, type: type, path: "x", query: "event=paid&ttl=5", headers: [("RETRY", "7")])
      let event = try QueuedEvent(request)
      #expect(
        event.data == "a" && event.type == "paid" && event.retry == 7 && event.topics == ["x"])
      #expect(event.expiresAt < .max)
    }
  }

  @Test(arguments: [
    ("event", #""a""#, "b"), ("retry", "1", "2"), ("ttl", "60", "1m"), ("key", #""a""#, "b"),
    ("end", "true", "false"),
  ])
  func `what two places say differently is told with both`(
    name: String, json: String, query: String
  ) {
    let body = "{\"message\":\"a\",\"\(name)\":\(json)}"
    let problem = problem(body: body, type: "application/json", query: "\(name)=\(query)")
    #expect(problem?.code == .contradiction && problem?.field == name && problem?.status == 400)
    #expect(
      problem?.detail.contains("the body") == true && problem?.detail.contains("the query") == true)
    #expect(problem?.detail.contains("'\(query)'") == true, "\(problem?.detail ?? "")")
    #expect(self.problem(query: "\(name)=x&\(name)=y")?.code == .contradiction)
    let header = name == "key" ? "IDEMPOTENCY_KEY" : "\(name)".map { $0.uppercased() }.joined()
    #expect(self.problem(query: "\(name)=1", headers: [(header, "0")])?.code == .contradiction)
  }

  @Test func `the same said twice is said once`() throws {
    let request = try publish(
      body: #"{"message":"a","event":"e","topics":["x","y"],"end":true,"retry":5}"#,
      type: "application/json", query: "event=e&topics=y,x&retry=5&end=true",
      headers: [("TOPICS", "x,y"), ("EVENT", "e")])
    #expect(try QueuedEvent(request).topics.sorted() == ["x", "y"])
  }

  @Test(arguments: [
    (#"{"message":"a","topics":["x","y"]}"#, "x", ""),
    (#"{"message":"a","topics":["y"]}"#, "x", ""),
    (#"{"message":"a","topic":"y"}"#, nil, "topic=y&topic=z"),
    (#"{"message":"a"}"#, "x", "topics=x,y"),
  ])
  func `places that name other topics are told which`(body: String, path: String?, query: String) {
    let problem = problem(body: body, type: "application/json", path: path, query: query)
    #expect(problem?.code == .invalidTopic && problem?.field == "topic")
    #expect(problem?.detail.contains("'y") == true, "\(problem?.detail ?? "")")
  }

  @Test func `several topics in JSON are an array of texts, each once`() throws {
    let event = try QueuedEvent(
      try publish(
        body: #"{"message":"a","topics":["b","a","b"],"topic":"c"}"#, type: "application/json"))
    #expect(event.topics == ["c", "b", "a"])
    for bad in [#""a,b""#, "[1]", #"["a",null]"#, "{}"] {
      let problem = problem(body: "{\"message\":\"a\",\"topics\":\(bad)}", type: "application/json")
      #expect(problem?.code == .wrongType && problem?.field == "topics", "\(bad)")
    }
    for bad in ["[]", #"[""]"#, #"["a","b.*"]"#] {
      let problem = problem(body: "{\"message\":\"a\",\"topics\":\(bad)}", type: "application/json")
      #expect(problem?.code == .invalidTopic, "\(bad)")
    }
    #expect(problem(query: "topics=a,,b")?.code == .invalidTopic)
  }

  /// Where the time grows with their square, a body of 1 MiB takes hours.
  @Test func `very many names of topics are read as fast as few`() {
    let names = Array(repeating: "\"x\"", count: 40_000).joined(separator: ",")
    let list = problem(
      body: "{\"message\":\"a\",\"topics\":[\(names)]}", type: "application/json", path: "x")
    #expect(list == nil, "they are one")
    let form = problem(
      body: "message=a" + String(repeating: "&topic=x", count: 30_000)
        + String(repeating: "&event=e", count: 30_000), type: "application/x-www-form-urlencoded")
    #expect(form?.code == .tooManyTopics)
  }

  @Test func `an event has as many topics as it may, and no more`() throws {
    let maximum = QueueLimits.topicsPerEventCountMaximum
    let names = (0...maximum).map { "t\($0)" }
    let many = try publish(query: "topics=" + names[..<maximum].joined(separator: ","))
    #expect(many.topics.count == maximum)
    let problem = problem(query: "topics=" + names.joined(separator: ","))
    #expect(problem?.code == .tooManyTopics)
  }

  @Test(arguments: [
    ("event=", ProblemCode.invalidEvent, "event"), ("event=weir.x", .invalidEvent, "event"),
    ("event=a%0Ab", .invalidEvent, "event"), ("retry=x", .invalidRetry, "retry"),
    ("retry=", .invalidRetry, "retry"), ("retry=-1", .invalidRetry, "retry"),
    ("ttl=x", .invalidTTL, "ttl"),
    ("ttl=0", .invalidTTL, "ttl"), ("key=", .invalidKey, "key"), ("key=a%0Ab", .invalidKey, "key"),
    ("end=maybe", .invalidParameter, "end"), ("topic=", .invalidTopic, "topic"),
    ("topic=a.*", .invalidTopic, "topic"), ("evnet=a", .invalidParameter, "evnet"),
    ("message=a", .invalidParameter, "message"), ("data=a", .invalidParameter, "data"),
  ])
  func `a bad parameter is told what is wrong with it`(
    query: String, code: ProblemCode, field: String
  ) {
    let problem = problem(query: query)
    #expect(problem?.code == code && problem?.field == field && problem?.status == 400)
  }

  @Test func `what caches and whoever stands in front are told is nothing to weir`() throws {
    #expect(try publish(query: "_=1&access_token=x&authorization=y&token=z").topics == [.default])
  }

  @Test(arguments: [
    (#""a \"b\" \\""#, #"a "b" \"#), ("bare", "bare"), (#""""#, nil), (#""a"#, nil),
    (#""a"b"#, nil),
    (#"a"b"#, #"a"b"#), (#""\"#, nil),
  ])
  func `the header of a key is a string in quotes, or bare`(header: String, key: String?) {
    let request = try? publish(headers: [("IDEMPOTENCY_KEY", header)])
    #expect(request?.event.key?.text == key)
    if key == nil { #expect(problem(headers: [("IDEMPOTENCY_KEY", header)])?.code == .invalidKey) }
  }

  @Test func `headers are UTF-8, and an empty one says nothing`() throws {
    let problem = #expect(throws: Problem.self) {
      try PublishRequest(
        contentType: nil, pathTopic: nil, headers: [(name: "TOPIC", value: [0xE9])], body: [0x61])
    }
    #expect(problem?.code == .invalidUTF8 && problem?.field == "topic")
    #expect(try publish(headers: [("TOPIC", ""), ("EVENT", " ")]).topics == [.default])
  }

  @Test(arguments: [
    ("TOPIC", "TOPIC"), ("TOPIC", "X_TOPIC"), ("TOPICS", "TOPICS"), ("X_TOPICS", "TOPICS"),
    ("EVENT", "EVENT"), ("IDEMPOTENCY_KEY", "IDEMPOTENCY_KEY"), ("TTL", "X_TTL"),
  ])
  func `a header that comes twice has to be the same`(first: String, second: String) throws {
    let problem = problem(headers: [(first, "10"), (second, "20")])
    #expect(problem?.code == .contradiction && problem?.status == 400)
    #expect(problem?.field == PublishField(header: first)?.rawValue)
    #expect(problem?.detail.contains("'10' and also '20'") == true, "\(problem?.detail ?? "")")
    #expect(try publish(headers: [(first, "10"), (second, " 10")]).topics.count == 1)
  }

  @Test func `a GET has everything in its query`() throws {
    let request = try PublishRequest(
      query: FormDecoding.pairs("message=a+b&event=e&topic=t".utf8), pathTopic: nil)
    let event = try QueuedEvent(request)
    #expect(event.data == "a b" && event.type == "e" && event.topics == ["t"])
    for (query, code) in [
      ("topic=t", ProblemCode.missingMessage), ("message=a&data=b", .contradiction),
      ("message=a&message=a", .duplicateField),
      ("message=a&raw", .invalidParameter),
    ] {
      let problem = #expect(throws: Problem.self) {
        try PublishRequest(query: FormDecoding.pairs(query.utf8), pathTopic: nil)
      }
      #expect(problem?.code == code)
    }
  }
}
