import Testing

@testable import FileQueue

struct TopicTests {
  @Test(arguments: ["a", "orders.eu", "two words", "100%", "größe", "https://example.org/a?b=c"])
  func `a topic survives its encoding in a head`(text: String) throws {
    let topic = try Topic(text)
    #expect(!topic.encoded.contains(UInt8(ascii: " ")))
    #expect(Topic(encoded: topic.encoded.span) == topic)
  }

  @Test(arguments: ["", "a\nb", "a\u{0}", "tab\t", "a.*", ">", String(repeating: "x", count: 256)])
  func `what is no topic is refused`(text: String) {
    #expect(throws: QueueError.self) { try Topic(text) }
  }

  @Test(arguments: [
    ("orders.*", "orders.eu", true), ("orders.*", "orders.eu.paris", false),
    ("orders.*", "orders", false), ("orders.>", "orders.eu.paris", true),
    ("orders.>", "orders", false), (">", "anything.at.all", true), ("*.eu", "orders.eu", true),
    ("*.eu", "orders.us", false), ("a.*.c", "a.b.c", true), ("a.b", "a.b", true),
    ("a.b", "a.c", false),
  ])
  func `a pattern takes the topics that it should`(pattern: String, topic: String, takes: Bool)
    throws
  {
    #expect(try TopicFilter([pattern]).matches(Topic(topic)) == takes)
  }

  @Test func `a filter without topics means the default topic`() throws {
    #expect(try TopicFilter([]).topics == [.default])
  }

  @Test func `the same topics in another order are the same filter`() throws {
    #expect(try TopicFilter(["b", "a", "b"]) == TopicFilter(["a", "b"]))
  }

  @Test(arguments: [
    "6f2a91c4-0", "6f2a91c4-42", "00000000-18446744073709551615",
  ])
  func `an event id reads what it prints`(text: String) {
    #expect(EventID(text)?.description == text)
  }

  @Test(arguments: [
    "", "42", "6f2a91c4", "6F2A91C4-1", "6f2a91c4-01", "6f2a91c4--1", "+f2a91c4-1", "6f2a91c4-+1",
    "6f2a91c4-18446744073709551616", "6f2a91c4-1 ", "6f2a91c4-1\n",
  ])
  func `what is no event id is nil`(text: String) {
    #expect(EventID(text) == nil)
  }
}
