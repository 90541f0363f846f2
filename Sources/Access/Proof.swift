/// What somebody has proven: enough to ask the rules of another moment what it is worth then.
public enum Proof: Hashable, Sendable, Codable {
  /// A token with this hash.
  case token(hash: TokenHash)
  /// A JSON Web Token that the grant of this name took, and what it said.
  case webToken(grant: String, user: String?, Claimed, expiresAt: Int64?)
  /// What the web server said.
  case nginx(user: String?, Claimed)

  /// Patterns that are allowed by who was believed, beside those of the grant.
  public struct Claimed: Hashable, Sendable, Codable {
    /// For publishing.
    public let publish: [String]
    /// For subscribing.
    public let subscribe: [String]

    /// What is allowed.
    public init(publish: [String] = [], subscribe: [String] = []) {
      self.publish = publish
      self.subscribe = subscribe
    }
  }
}
