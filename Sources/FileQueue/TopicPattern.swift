/// What a subscriber may name instead of a topic: parts with dots between them, some left open.
///
/// `*` stands for exactly one part and `>`, as the last part, for one or more. `orders.*` takes
/// `orders.eu` but not `orders.eu.paris`, which `orders.>` takes too.
public struct TopicPattern: Hashable, Sendable {
  /// The pattern as people write it.
  public let text: String

  /// Checks `text`, which has a part that is `*` or `>`.
  ///
  /// - Throws: `QueueError.invalidTopic`.
  init(_ text: String) throws(QueueError) {
    try Topic.check(text)
    guard !Self.parts(text).dropLast().contains(">") else {
      throw .invalidTopic(reason: "'\(text)' has '>' elsewhere than at its end")
    }
    self.text = text
  }

  /// Whether a part of `text` is left open.
  static func isWritten(in text: String) -> Bool {
    parts(text).contains { $0 == "*" || $0 == ">" }
  }

  /// Whether the pattern takes a topic.
  func matches(_ topic: Topic) -> Bool {
    let parts = Self.parts(topic.text)
    let wanted = Self.parts(text)
    for (index, want) in wanted.enumerated() {
      if want == ">" { return parts.count > index }
      guard index < parts.count, want == "*" || want == parts[index] else { return false }
    }
    return parts.count == wanted.count
  }

  private static func parts(_ text: String) -> [Substring] {
    text.split(separator: ".", omittingEmptySubsequences: false)
  }
}
