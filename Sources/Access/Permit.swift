/// What somebody may: the answer of the rules at one moment.
///
/// A value that any thread may ask.
public struct Permit: Sendable {
  /// Patterns that come from one grant.
  struct Part: Sendable {
    let publish: [AccessPattern]
    let subscribe: [AccessPattern]
  }

  /// What was proven; empty for who is anonymous.
  public let proofs: [Proof]
  /// Who it is, for logs and errors: a user's name, else a grant's; nil for who is anonymous.
  public let name: String?
  /// Whose keys are its own: of two publishers with different scopes neither knows the other's keys.
  public let keyScope: String
  /// When it ends, in milliseconds since 1970; nil for never.
  public let expiresAt: Int64?
  /// What was said of the name that keeps patterns with `{user}` from counting; nil where nothing does.
  public let unfitName: String?
  private let parts: [Part]

  init(
    proofs: [Proof], name: String?, keyScope: String, expiresAt: Int64?, unfitName: String?,
    parts: [Part]
  ) {
    self.proofs = proofs
    self.name = name
    self.keyScope = keyScope
    self.expiresAt = expiresAt
    self.unfitName = unfitName
    self.parts = parts
  }

  /// Whether it was not proven who it is.
  public var isAnonymous: Bool { proofs.isEmpty }

  /// Whether events may be published under a topic.
  public func mayPublish(_ topic: String) -> Bool {
    let asked = AccessPattern.parts(of: topic)
    return parts.contains { $0.publish.contains { $0.covers(asked) } }
  }

  /// Whether events of a topic, or of all topics that a pattern takes, may be read.
  public func maySubscribe(_ text: String) -> Bool {
    let asked = AccessPattern.parts(of: text)
    return parts.contains { $0.subscribe.contains { $0.covers(asked) } }
  }

  /// All topics and patterns that may be read, each once, in a fixed order.
  public var subscribePatterns: [String] {
    Set(parts.flatMap(\.subscribe)).map(\.description).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }
}
