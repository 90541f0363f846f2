/// What a JSON Web Token has to be for a grant to take it.
public struct JWTRules: Hashable, Sendable {
  /// The file of the keys: a JWKS (RFC 7517), public keys in PEM, or for HS256 a file that holds the secret.
  public var keysPath: String
  /// What tokens may be signed with; a token that names another algorithm is refused.
  public var algorithms: [JWTAlgorithmName]
  /// What the claim `iss` has to be, to the byte; nil where anybody may be the issuer who has a key.
  public var issuer: String?
  /// What the claim `aud` has to be or to hold; with nil a token must not have it, because it is for somebody
  /// else then (RFC 7519, section 4.1.3).
  public var audience: String?
  /// The claim that names the user.
  public var userClaim: String

  /// Rules.
  public init(
    keysPath: String, algorithms: [JWTAlgorithmName], issuer: String? = nil,
    audience: String? = nil, userClaim: String = "sub"
  ) {
    self.keysPath = keysPath
    self.algorithms = algorithms
    self.issuer = issuer
    self.audience = audience
    self.userClaim = userClaim
  }
}
