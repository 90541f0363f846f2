/// A key that tokens may be signed with, for one algorithm.
struct TokenKey: Sendable {
  /// Its name in its file; nil where it has none, and fits tokens that name any.
  let id: [UInt8]?
  let algorithm: JWTAlgorithmName
  let key: any SignatureKey

  /// A hash of all that decides whether a token that it has signed is taken, and what it means.
  func terms(_ rules: JWTRules, _ library: any SignatureLibrary) -> TokenHash {
    let parts: [[UInt8]?] = [
      Array(algorithm.rawValue.utf8), id, key.identity, rules.issuer.map { Array($0.utf8) },
      rules.audience.map { Array($0.utf8) }, Array(rules.userClaim.utf8),
    ]
    // Each with its length before it, so that no two lists have the same bytes.
    let bytes = parts.flatMap { part in Array("\(part?.count ?? -1):".utf8) + (part ?? []) }
    return TokenHash(of: bytes, by: library)
  }
}
