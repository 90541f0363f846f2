import FileQueue
import Testing

@testable import Hub

/// What a stream says of its group, and what is acknowledged.
@Suite("Group requests") struct GroupRequestTests {
  private func read(_ query: String) throws -> GroupRequest? {
    try GroupRequest(try FormDecoding.pairs(query.utf8))
  }

  @Test("a group has a name, a time to acknowledge, and a credit")
  func parts() throws {
    #expect(try read("topic=a") == nil)
    let plain = try #require(try read("group=mail-1.x"))
    #expect(plain.name.text == "mail-1.x" && plain.acknowledgement == nil)
    let full = try #require(try read("group=a&ack=1h&credit=1"))
    #expect(full.acknowledgement == .seconds(3600) && full.credit == 1)
    #expect(try read("group=a&ack=30")?.acknowledgement == .seconds(30))
    #expect(try read("group=a&ack=30")?.credit == GroupLimits.creditStandard)
  }

  @Test(
    "what is out of its range is refused, with the field",
    arguments: [
      ("group=", "group"), ("group=a%2Fb", "group"), ("group=a&group=b", "group"),
      ("ack=30s", "ack"),
      ("credit=3", "credit"), ("group=a&ack=999ms", "ack"), ("group=a&ack=3601s", "ack"),
      ("group=a&ack=soon", "ack"), ("group=a&credit=1", "credit"),
      ("group=a&ack=1s&credit=0", "credit"),
      ("group=a&ack=1s&credit=1001", "credit"), ("group=a&ack=1s&credit=x", "credit"),
    ])
  func refused(query: String, field: String) throws {
    let problem = #expect(throws: Problem.self) { try read(query) }
    #expect(problem?.field == field && problem?.status == 400)
  }

  private func acknowledge(_ body: String, type: String? = "application/json") throws
    -> AcknowledgeRequest
  {
    try AcknowledgeRequest(contentType: type, body: Array(body.utf8))
  }

  @Test("ids are read one by one: what is no id is no reason to refuse the others")
  func ids() throws {
    let request = try acknowledge(#"{"ids": ["6f2a91c4-42", "x"]}"#)
    #expect(request.ids == [EventID(epoch: 0x6f2a_91c4, sequence: 42), nil])
    let reply = AcknowledgeRequest.Reply(request.texts, known: [true, false])
    #expect(reply.acknowledged == ["6f2a91c4-42"] && reply.unknown == ["x"])
  }

  @Test(
    "a body that is no list of ids is refused",
    arguments: [
      "", "[]", "{}", #"{"ids": []}"#, #"{"ids": "a"}"#, #"{"ids": [1]}"#,
      #"{"ids": ["a"], "ids": []}"#,
    ])
  func refusedBodies(body: String) {
    #expect(throws: Problem.self) { try acknowledge(body) }
  }

  @Test("as many ids as the limit are taken, and no more; and JSON only")
  func limits() throws {
    let many = { (count: Int) in
      #"{"ids": [\#(repeatElement("\"a\"", count: count).joined(separator: ","))]}"#
    }
    #expect(try acknowledge(many(1000)).ids.count == 1000)
    #expect(throws: Problem.self) { try acknowledge(many(1001)) }
    #expect(throws: Problem.self) { try acknowledge(many(1), type: "text/plain") }
    #expect(throws: Problem.self) { try acknowledge(many(1), type: nil) }
  }
}
