import SystemPackage

/// Verifies JSON Web Tokens by the rules and keys of one grant.
///
/// Any thread may ask. Its keys never change: rules that are read again make another one.
public final class JWTVerifier: Sendable {
  private let rules: JWTRules
  private let keys: [TokenKey]
  /// What is noted of a token that each of the keys has verified.
  let terms: [TokenHash]

  /// Reads the key file; blocks.
  ///
  /// - Parameter library: what verifies signatures.
  public convenience init(
    _ rules: JWTRules, with library: some SignatureLibrary
  ) throws(KeyFileFault) {
    let file = try KeyFile(readingFrom: FilePath(rules.keysPath))
    try self.init(
      rules, keys: file.keys(for: rules.algorithms, with: library), with: library)
  }

  init(_ rules: JWTRules, keys: [TokenKey], with library: any SignatureLibrary) {
    self.rules = rules
    self.keys = keys
    terms = keys.map { $0.terms(rules, library) }
  }

  /// What a token says that these rules take; a signature's time for each key that it may be signed with.
  ///
  /// - Parameter now: milliseconds since 1970.
  /// - Throws: why it is not taken.
  public func verify(_ bytes: [UInt8], now: Int64) throws(TokenFault) -> VerifiedToken {
    let token = try CompactToken(bytes)
    let header = try TokenHeader(token.header)
    guard rules.algorithms.contains(header.algorithm) else {
      throw .unknownAlgorithm(header.algorithm.rawValue)
    }
    let places = keys.indices.filter { place in
      keys[place].algorithm == header.algorithm
        && (header.keyID == nil || keys[place].id == nil || keys[place].id == header.keyID)
    }
    // A token that names no key cannot ask for a signature's time of each of many.
    guard !places.isEmpty, places.count <= JWTLimits.triedKeyCountMaximum else {
      throw .unknownKey
    }
    guard
      let place = places.first(where: {
        keys[$0].key.isValid(token.signature, of: token.signed)
      })
    else { throw .wrongSignature }
    return try TokenClaims(token.claims).verified(by: rules, terms[place], at: now)
  }

  /// Whether a token that was taken by these terms would be taken still: by this key for this algorithm, of the
  /// same issuer, for the same audience, with the user in the same claim.
  func takes(_ terms: TokenHash) -> Bool { self.terms.contains(terms) }
}
