import Kernel

/// What a subscriber may name instead of a topic: parts with dots between them, some left open.
///
/// `*` stands for exactly one part and `>`, as the last part, for one or more. `orders.*` takes
/// `orders.eu` but not `orders.eu.paris`, which `orders.>` takes too.
public struct TopicPattern: Hashable, Sendable {
  /// What a pattern asks of a part of a topic.
  public enum Part: Hashable, Sendable {
    /// These bytes, encoded as in a record's head.
    case literal([UInt8])
    /// Any one part: `*`.
    case one
    /// This part and all that follow: `>`.
    case rest
  }

  /// The pattern as people write it.
  public let text: String
  /// The pattern from its first part to its last; ``Part/rest`` only stands last.
  public let parts: [Part]

  /// Checks `text`, which has a part that is `*` or `>`.
  ///
  /// - Throws: `QueueError.invalidTopic`.
  init(_ text: String) throws(QueueError) {
    try Topic.check(text)
    let parts = Self.parts(of: text)
    guard !parts.dropLast().contains(.rest) else {
      throw .invalidTopic(
        reason: "'\(text)' has '>' elsewhere than at its end: put it there, or '*' for one part")
    }
    self.text = text
    self.parts = parts
  }

  /// Whether both are the same bytes; texts that Unicode takes for the same are two patterns.
  public static func == (one: TopicPattern, other: TopicPattern) -> Bool {
    one.parts == other.parts
  }

  /// Hashes the bytes.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(parts)
  }

  /// Whether a part of `text` is left open.
  static func isWritten(in text: String) -> Bool {
    let mayBe = text.utf8.contains { $0 == UInt8(ascii: "*") || $0 == UInt8(ascii: ">") }
    return mayBe && parts(of: text).contains { $0 == .one || $0 == .rest }
  }

  /// Whether the pattern takes a topic, as it stands in a record's head.
  func matches(_ encodedTopic: Span<UInt8>) -> Bool {
    var start = 0
    for part in parts {
      // Behind the last part there is none.
      guard start <= encodedTopic.count else { return false }
      if part == .rest { return true }
      var end = start
      while end < encodedTopic.count, encodedTopic[end] != UInt8(ascii: ".") { end += 1 }
      if case .literal(let bytes) = part,
        !bytes.span.hasSameBytes(as: encodedTopic.extracting(start..<end))
      {
        return false
      }
      start = end + 1
    }
    return start > encodedTopic.count
  }

  private static func parts(of text: String) -> [Part] {
    text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).map { part in
      if part.elementsEqual("*".utf8) { return .one }
      if part.elementsEqual(">".utf8) { return .rest }
      return .literal(Topic.encode(part))
    }
  }
}
