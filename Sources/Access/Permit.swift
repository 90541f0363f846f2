/// What somebody may: the answer of the rules at one moment.
///
/// A value that any thread may ask.
public struct Permit: Sendable {
  /// What was proven; empty for who is anonymous.
  public internal(set) var proofs: [Proof] = []
  /// Who it is, for logs and errors: a user's name, else a grant's; nil for who is anonymous.
  public var name: String? { holder?.name }
  /// Whose keys are its own: of two publishers with different scopes neither knows the other's keys.
  public var keyScope: String {
    switch holder {
    case nil: ""
    case .user(let name): "user " + name.text
    case .grant(let name): "grant " + name.text
    }
  }
  /// When it ends, in milliseconds since 1970; nil for never.
  public private(set) var expiresAt: Int64?
  /// What was said of the name that keeps patterns with `{user}` from counting; nil where nothing does.
  public internal(set) var unfitName: String?

  /// Who has proven to be somebody.
  enum Holder {
    case user(UserName)
    case grant(UserName)

    fileprivate var name: String {
      switch self {
      case .user(let name), .grant(let name): name.text
      }
    }
  }

  private var holder: Holder?
  /// What everybody may.
  private let open: [Allowance]
  /// What it may beside that.
  private var own: [Allowance] = []

  init(open: [Allowance], expiresAt: Int64?) {
    self.open = open
    self.expiresAt = expiresAt
  }

  /// Whether it was not proven who it is.
  public var isAnonymous: Bool { proofs.isEmpty }

  /// Whether events may be published under a topic, or under all that a pattern takes.
  public func mayPublish(_ text: String) -> Bool {
    covers(text, by: \.publish)
  }

  /// Whether events of a topic, or of all topics that a pattern takes, may be read.
  public func maySubscribe(_ text: String) -> Bool {
    covers(text, by: \.subscribe)
  }

  /// All topics and patterns that may be read, each once, in a fixed order.
  public var subscribePatterns: [String] {
    Set((open + own).flatMap(\.subscribe)).map(\.description).sorted {
      $0.utf8.lexicographicallyPrecedes($1.utf8)
    }
  }

  /// Adds what somebody may who has proven it; the first one gives the name.
  mutating func add(_ allowance: Allowance, of holder: Holder) {
    own.append(allowance)
    if self.holder == nil { self.holder = holder }
  }

  /// Has it end at a time, unless it does before.
  mutating func end(at unixMilliseconds: Int64?) {
    guard let unixMilliseconds else { return }
    expiresAt = min(expiresAt ?? unixMilliseconds, unixMilliseconds)
  }

  private func covers(_ text: String, by patterns: (Allowance) -> [AccessPattern]) -> Bool {
    let asked = text.utf8.span
    for allowance in open {
      for pattern in patterns(allowance) where pattern.covers(asked) { return true }
    }
    for allowance in own {
      for pattern in patterns(allowance) where pattern.covers(asked) { return true }
    }
    return false
  }
}
