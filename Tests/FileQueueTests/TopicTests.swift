import Support
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

  /// The same to readers, other bytes: composed and not, one marks order and another, an own sign for a K.
  private static let equivalents = [
    ["\u{E9}", "e\u{301}"], ["a\u{323}\u{307}", "a\u{307}\u{323}"], ["K", "\u{212A}"],
    ["\u{AC00}", "\u{1100}\u{1161}"],
  ]

  @Test(arguments: equivalents)
  func `texts that Unicode takes for the same are two topics`(pair: [String]) throws {
    #expect(pair[0] == pair[1], "to Swift they are one text")
    let topics = try pair.map { try Topic($0) }
    #expect(topics[0] != topics[1])
    #expect(Set(topics).count == 2)
    #expect(Dictionary(grouping: topics, by: \.self).count == 2)
    for (one, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
      #expect(try TopicFilter([one]) != TopicFilter([other]))
      #expect(try !TopicFilter([one]).matches(Topic(other)))
      #expect(try TopicFilter(["\(one).*"]) != TopicFilter(["\(other).*"]))
      #expect(try !TopicFilter(["\(one).>"]).matches(Topic("\(other).x")))
      #expect(try TopicFilter([one, other]) == TopicFilter([other, one]))
      #expect(
        try TopicFilter(["\(one).*", "\(other).*"]) == TopicFilter(["\(other).*", "\(one).*"]))
      #expect(try TopicFilter([one, other]).topics.count == 2)
    }
  }

  @Test func `a filter is the same in whatever order its topics are named`() throws {
    var random = SeededGenerator()
    let texts = Self.equivalents.flatMap(\.self) + (0..<20).map { "\($0)" }
    let filter = try TopicFilter(texts + texts.map { "\($0).*" })
    for _ in 0..<200 {
      let shuffled = texts.shuffled(using: &random)
      #expect(try TopicFilter(shuffled + shuffled.map { "\($0).*" }) == filter)
    }
  }

  @Test(arguments: ["\u{301}", "\u{1F3FD}", "\u{E33}", "\u{200D}", "\u{FE0F}"])
  func `a part may begin and end with what joins the sign before it`(mark: String) throws {
    for pattern in ["*.\(mark)x.*", "orders.\(mark)x.>", "*.*.*", "orders.*.\(mark)"] {
      #expect(try TopicFilter([pattern]).matches(Topic("orders.\(mark)x.\(mark)")), "\(pattern)")
    }
    // `*` with a mark behind it is a text of its own, not a wildcard.
    #expect(try Topic("a.*\(mark)").text.utf8.elementsEqual("a.*\(mark)".utf8))
    #expect(throws: QueueError.self) { try TopicFilter(["a.>.\(mark)"]) }
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
    "6f2a91c4-18446744073709551616", "6f2a91c4-\u{301}1", "6f2a91c4-1\u{301}", "6f2a91c4-1 ",
    "6f2a91c4-1\n",
  ])
  func `what is no event id is nil`(text: String) {
    #expect(EventID(text) == nil)
  }
}
