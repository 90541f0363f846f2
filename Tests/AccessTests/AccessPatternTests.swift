import Access
import Support
import Testing

@Suite struct AccessPatternTests {
  private static var replay: Comment { "WEIR_SEED=\(SeededGenerator.seed) replays this" }

  /// What a pattern takes, told by another way than the one that is tested.
  private static func takes(_ pattern: [String], _ topic: [String]) -> Bool {
    switch (pattern.first, topic.first) {
    case (nil, nil): true
    case (">", .some): pattern.count == 1
    case ("*", .some): takes(Array(pattern.dropFirst()), Array(topic.dropFirst()))
    case (let one?, let other?) where one == other:
      takes(Array(pattern.dropFirst()), Array(topic.dropFirst()))
    default: false
    }
  }

  private static func pattern(_ random: inout SeededGenerator) -> [String] {
    var parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in
      ["a", "b", "*"].randomElement(using: &random) ?? "a"
    }
    if parts.isEmpty || Bool.random(using: &random) {
      parts.append(["a", "*", ">"].randomElement(using: &random) ?? ">")
    }
    return parts
  }

  /// All topics of up to five parts; `c` stands for whatever no pattern names.
  private static let topics: [[String]] = {
    var all: [[String]] = []
    var longest: [[String]] = [[]]
    for _ in 0..<5 {
      longest = longest.flatMap { topic in ["a", "b", "c"].map { topic + [$0] } }
      all += longest
    }
    return all
  }()

  @Test func `a pattern covers another exactly if it takes all topics that the other one takes`()
    throws
  {
    var random = SeededGenerator()
    for _ in 0..<400 {
      let (granted, asked) = (Self.pattern(&random), Self.pattern(&random))
      let isCovered = Self.topics.allSatisfy { topic in
        !Self.takes(asked, topic) || Self.takes(granted, topic)
      }
      let pattern = try #require(AccessPattern(granted.joined(separator: ".")))
      #expect(
        pattern.covers(asked.joined(separator: ".")) == isCovered,
        "\(granted) \(asked) \(Self.replay)")
    }
  }

  @Test func `a topic is compared by its bytes`() throws {
    let pattern = try #require(AccessPattern("caf\u{E9}.*"))
    #expect(pattern.covers("caf\u{E9}.a"))
    #expect(!pattern.covers("cafe\u{301}.a"))
    #expect(!pattern.covers("caf\u{E9}.>"))
    #expect(!pattern.covers("caf\u{E9}"))
  }

  @Test(arguments: ["", ">.a", "a.>.b", "a\nb", String(repeating: "a", count: 256)])
  func `what no topic could be like is no pattern`(_ text: String) {
    #expect(AccessPattern(text) == nil)
  }
}
