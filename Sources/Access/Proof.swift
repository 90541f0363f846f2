/// What somebody has proven: enough to ask the rules of another moment what it is worth then.
public enum Proof: Hashable, Sendable, Codable {
  /// A token with this hash.
  case token(hash: TokenHash)
  /// A JSON Web Token that the grant of this name took, and what it said; `terms` are by what it was taken (see
  /// ``JWTVerifier/takes(_:)``).
  case webToken(
    grant: String, user: UserName?, allowance: Allowance, expiresAt: Int64?, terms: TokenHash)
  /// What the web server said.
  case nginx(user: UserName?, allowance: Allowance)
}
