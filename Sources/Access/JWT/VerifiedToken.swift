/// What a token says that was verified.
public struct VerifiedToken: Hashable, Sendable {
  /// The user's name; nil where the token has no such claim.
  public let user: UserName?
  /// What the claim `weir` allows.
  public let allowance: Allowance
  /// When it ends, in milliseconds since 1970: it is good before that; nil for never.
  public let expiresAt: Int64?
  /// When it begins, in milliseconds since 1970, the leeway not taken off; nil for always.
  let begins: Int64?
  /// By what it was taken: see ``JWTVerifier/takes(_:)``.
  let terms: TokenHash

  /// Throws where it is not good at `now`, in milliseconds since 1970.
  func check(at now: Int64) throws(TokenFault) {
    if let expiresAt, now >= expiresAt { throw .expired }
    if let begins, now < begins - JWTLimits.clockLeewaySeconds * 1000 { throw .notYet }
  }
}
