import FileQueue
import Support
import Testing

@testable import Streaming

struct AudiencesTests {
  private var audiences = Audiences()

  private mutating func add(_ texts: [String]) throws -> Audience {
    let audience = audiences.audience(Audience.Key(filter: try TopicFilter(texts), requestID: 1))
    audience.subscriberCount += 1
    return audience
  }

  private mutating func remove(_ audience: Audience) {
    audience.subscriberCount -= 1
    if audience.subscriberCount == 0 { audiences.remove(audience) }
  }

  /// The filters of the audiences that get the event `sequence` of a topic, as often as they get it.
  private func wanting(_ topic: String, _ sequence: UInt64) throws -> [String] {
    var found: [String] = []
    let topic = try Topic(topic)
    audiences.forEach(wanting: topic.encoded.span, sequence) {
      found.append("\($0.key.filter)")
    }
    return found.sorted()
  }

  @Test mutating func `an event gets to the audiences whose topics and patterns take it`() throws {
    for texts in [["a.b"], ["a.*"], ["a.>"], ["*.b"], [">"], ["a"], ["a.b.c"], ["*"], ["b.>"]] {
      _ = try add(texts)
    }
    #expect(try wanting("a.b", 1) == ["*.b", ">", "a.*", "a.>", "a.b"])
    #expect(try wanting("a", 2) == ["*", ">", "a"])
    #expect(try wanting("a.b.c", 3) == [">", "a.>", "a.b.c"])
    #expect(try wanting("a.", 4) == [">", "a.*", "a.>"])
  }

  @Test mutating func `an audience that asks in several ways gets an event once`() throws {
    _ = try add(["a.b", "a.*", "*.b", ">"])
    #expect(try wanting("a.b", 1).count == 1)
    #expect(try wanting("a.b", 2).count == 1)
  }

  @Test mutating func `parts with spaces and percent signs are taken to the letter`() throws {
    _ = try add(["50 %.*"])
    #expect(try wanting("50 %.off", 1).count == 1)
    #expect(try wanting("50%20%.off", 2).isEmpty)
  }

  @Test mutating func `an audience without subscribers is forgotten, and the others stay`() throws {
    let gone = try add(["a", "x.*"])
    _ = try add(["a"])
    remove(gone)
    #expect(try wanting("a", 1) == ["a"])
    #expect(try wanting("x.y", 2).isEmpty)
    #expect(audiences.all.count == 1)
  }

  @Test mutating func `the index finds what each filter takes, whatever comes and goes`() throws {
    var random = SeededGenerator()
    let parts = ["a", "b", "c d", "%", ""]
    var present: [Audience] = []
    for sequence in 1...2000 {
      if Bool.random(using: &random) || present.isEmpty {
        let texts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
          Self.text(of: parts + ["*"], ending: ">", &random)
        }
        guard let audience = try? add(texts) else { continue }
        present.append(audience)
      } else if present.count > 40 || Bool.random(using: &random) {
        remove(present.remove(at: Int.random(in: present.indices, using: &random)))
      }
      guard let topic = try? Topic(Self.text(of: parts, ending: "a", &random)) else { continue }
      let filters = Set(present.map(\.key.filter))
      let expected = filters.filter { $0.matches(topic) }.map { "\($0)" }.sorted()
      #expect(try wanting(topic.text, UInt64(sequence)) == expected)
    }
  }

  private static func text(
    of parts: [String], ending: String, _ random: inout SeededGenerator
  ) -> String {
    let count = Int.random(in: 1...4, using: &random)
    var chosen = (0..<count).map { _ in parts.randomElement(using: &random) ?? "a" }
    if Int.random(in: 0..<4, using: &random) == 0 { chosen[count - 1] = ending }
    return chosen.joined(separator: ".")
  }
}
