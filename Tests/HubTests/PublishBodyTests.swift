import Figures
import FileQueue
import Testing

@testable import Hub

/// What a body is, by its type.
struct PublishBodyTests {
  private static let form = "application/x-www-form-urlencoded"

  private func publish(
    _ body: [UInt8], _ type: String?, query: String = ""
  ) throws -> PublishRequest {
    try PublishRequest(
      contentType: type, pathTopic: nil, pairs: FormDecoding.pairs(query.utf8), body: body)
  }

  private func data(_ body: String, _ type: String?, query: String = "") throws -> String {
    try QueuedEvent(try publish(Array(body.utf8), type, query: query)).data
  }

  private func problem(_ body: [UInt8], _ type: String?, query: String = "") -> Problem? {
    do { _ = try publish(body, type, query: query) } catch { return error as? Problem }
    return nil
  }

  @Test(arguments: [
    (#""text""#, "text"), (#""two\nlines \u00e9""#, "two\nlines é"), (#""""#, ""),
    ("{ \"b\": 1.10,\n \"a\" : [ 1e2 , null ] }", #"{"b":1.10,"a":[1e2,null]}"#),
    ("123456789012345678901234567890.0", "123456789012345678901234567890.0"), ("-0", "-0"),
    ("true", "true"), ("null", "null"), ("[]", "[]"), (#"{"a":" \" \\"}"#, #"{"a":" \" \\"}"#),
  ])
  func `data in JSON is a text as it is, and any other value as its compact text`(
    value: String, shown: String
  ) throws {
    #expect(try data("{\"data\": \(value) }", "application/json") == shown)
  }

  @Test func `data and message are one thing, of which there is one`() {
    for (body, type) in [
      (#"{"message":"a","data":1}"#, "application/json"), ("message=a&data=b", Self.form),
    ] {
      let problem = problem(Array(body.utf8), type)
      #expect(problem?.code == .contradiction && problem?.field == "data", "\(body)")
      #expect(problem?.detail.contains("both 'message' and 'data'") == true, "\(body)")
    }
  }

  @Test(arguments: ["message", "data"])
  func `a form that has its text twice is told which field it is`(name: String) {
    for value in ["a", "b"] {
      let problem = problem(Array("\(name)=a&topic=t&\(name)=\(value)".utf8), Self.form)
      #expect(problem?.code == .duplicateField && problem?.field == name && problem?.status == 400)
      #expect(problem?.detail.contains("'\(name)' stands in the body twice") == true)
    }
  }

  @Test func `a form that says a field twice is told both values`() {
    let problem = problem(Array("message=a&event=b&event=c".utf8), Self.form)
    #expect(problem?.code == .contradiction && problem?.field == "event")
    #expect(problem?.detail == "the body says event 'b' and also 'c': say it once")
  }

  @Test(arguments: [
    "backup done", "a=b", "a=b&c=d", "100%25 + 1", "message", "&message", "x message=1",
    #"{"message":"a"}"#, "", "mess%61ge=x", "1 & 2", "payload=%7B%7D",
  ])
  func `what curl -d sends without a message is the text as it stands`(body: String) throws {
    #expect(try data(body, Self.form) == body)
    #expect(try data(body, "Application/X-WWW-Form-Urlencoded; charset=UTF-8") == body)
  }

  @Test func `a form with a message has the fields of JSON`() throws {
    let body =
      "topic=a&message=two%0Alines+%26+%C3%A9&event=paid&retry=5&ttl=10m&topics=b,c&key=k&end=on"
    let request = try publish(Array(body.utf8), Self.form)
    let event = try QueuedEvent(request)
    #expect(event.data == "two\nlines & é" && event.type == "paid" && event.retry == 5)
    #expect(event.topics == ["a", "b", "c"] && event.isEnd && event.expiresAt < .max)
    #expect(request.event.key?.text == "k")
    #expect(try data("data=%7B%22a%22%3A+1%7D", Self.form) == "{\"a\": 1}")
    #expect(try data("message=", Self.form) == "")
  }

  @Test
  func `a field of a form that was left blank says nothing, and one that there is not is told`()
    throws
  {
    let blank = try QueuedEvent(
      try publish(Array("message=a&event=&topic=&ttl=&end=".utf8), Self.form))
    #expect(blank.type == "message" && blank.topics == ["default"] && !blank.isEnd)
    let unknown = problem(Array("message=a&tpoic=b".utf8), Self.form)
    #expect(unknown?.code == .unknownField && unknown?.field == "tpoic")
    #expect(unknown?.detail.contains("did you mean 'topic'?") == true)
    let bytes = problem(Array("message=%FF".utf8), Self.form)
    #expect(bytes?.code == .invalidUTF8 && bytes?.detail.contains("the body") == true)
  }

  @Test(arguments: [
    "text/plain", "text/html; charset=utf-8", "application/octet-stream", "image/png", nil, "",
  ])
  func `a body of any other type is the data, to the byte`(type: String?) throws {
    for text in [
      "text", " a ", #"{"message":"a"}"#, "message=a", "é\u{301}😀", "a\u{0}b", "\u{1}\u{7F}",
      "100%25+",
    ] {
      #expect(try data(text, type) == text)
    }
    // As the lines of a stream have them.
    #expect(try data("a\r\nb\rc\nd\n", type) == "a\nb\nc\nd\n")
  }

  @Test func `a byte order mark belongs to the encoding, but to a body that is taken as it is`()
    throws
  {
    #expect(try data("\u{FEFF}a\u{FEFF}", "text/plain") == "a\u{FEFF}")
    #expect(try data("\u{FEFF}a", "text/plain", query: "raw") == "\u{FEFF}a")
  }

  @Test func `a body that is not UTF-8 is told where`() {
    let bad: [(bytes: [UInt8], words: [String])] = [
      ([0x61, 0xC3, 0x28], ["byte 1"]), ([0xFF, 0xFE, 0x61, 0], ["byte 0", "UTF-16"]),
      ([0x1F, 0x8B, 8, 0], ["byte 1", "gzip"]), (Array("abc".utf8) + [0xE9], ["byte 3"]),
    ]
    for (bytes, words) in bad {
      for (type, query) in [
        ("text/plain", ""), (nil, ""), (Self.form, ""), ("application/json", "raw"),
      ] {
        let problem = problem(bytes, type, query: query)
        #expect(problem?.code == .invalidUTF8)
        for word in words {
          #expect(problem?.detail.contains(word) == true, "\(problem?.detail ?? "")")
        }
      }
    }
  }

  @Test func `another charset is believed where it makes a difference`() throws {
    let type = "text/plain; charset=\"ISO-8859-1\""
    #expect(try data("plain", type) == "plain")
    let problem = problem(Array("é".utf8), type)
    #expect(problem?.status == 415 && problem?.detail.contains("iso-8859-1") == true)
    #expect(self.problem([0x61, 0, 0x62, 0], "text/plain;charset=utf-16le")?.status == 415)
    #expect(try data("é", "text/plain; Charset=UTF-8") == "é")
  }

  @Test func `raw takes a body of any type as it is`() throws {
    for type in [
      "application/json", "application/vnd.github+json", Self.form, "application/x-ndjson",
      "multipart/form-data; boundary=x", "text/plain", nil,
    ] {
      for text in [#"{ "alerts" : [ 1.0 ] }"#, "payload=%7B%7D", "message=a", "[]\n{}\n", ""] {
        #expect(try data(text, type, query: "raw") == text)
        #expect(try data(text, type, query: "raw=true&topic=x") == text)
      }
    }
    #expect(problem(Array("{}".utf8), "application/json", query: "raw=0")?.code == .missingMessage)
    #expect(problem(Array("{}".utf8), "application/json", query: "raw=2")?.field == "raw")
  }

  @Test func `a webhook that was sent to the wrong address is told of raw`() {
    for body in [#"{"alerts":[],"receiver":"x"}"#, "[1]", "\"text\""] {
      #expect(problem(Array(body.utf8), "application/json")?.detail.contains("?raw") == true)
    }
  }

  @Test(arguments: ["multipart/form-data; boundary=x", "multipart/mixed"])
  func `what is no one text is told what to send`(type: String) {
    let problem = problem(Array("x".utf8), type)
    #expect(problem?.status == 415 && problem?.field == "Content-Type")
  }

  @Test func `who forgot the body is told, unless the event says something without one`() throws {
    #expect(problem([], nil)?.code == .missingMessage)
    #expect(problem([], "", query: "topic=a&ttl=5")?.code == .missingMessage)
    #expect(try data("", nil, query: "event=ring") == "")
    #expect(try data("", nil, query: "end") == "")
    #expect(try data("", "text/plain") == "")
    #expect(try data("", Self.form) == "")
  }
}
