import SystemPackage

/// Verifies JSON Web Tokens by the rules and keys of one grant; what was verified it remembers.
///
/// A value that any thread may ask. Its keys never change: rules that are read again make another one, which
/// remembers nothing.
public struct JWTVerifier: Sendable {
  private let rules: JWTRules
  private let keys: [TokenKey]
  private let library: any SignatureLibrary
  private let remembered = VerifiedTokens()

  /// Reads the key file; blocks.
  ///
  /// - Parameter library: what verifies signatures.
  public init(_ rules: JWTRules, with library: some SignatureLibrary) throws(KeyFileFault) {
    let file = try KeyFile(readingFrom: FilePath(rules.keysPath))
    try self.init(
      rules, keys: file.keys(for: rules.algorithms, with: library), with: library)
  }

  init(_ rules: JWTRules, keys: [TokenKey], with library: any SignatureLibrary) {
    self.rules = rules
    self.keys = keys
    self.library = library
  }

  /// What a token says that these rules take; microseconds for one that is remembered, else a signature's
  /// time for each key that it may be signed with.
  ///
  /// - Parameters:
  ///   - hash: of the token, where it is known.
  ///   - now: milliseconds since 1970.
  /// - Throws: why it is not taken.
  public func verify(
    _ token: [UInt8], hash: TokenHash? = nil, now: Int64
  ) throws(TokenFault) -> VerifiedToken {
    guard token.count <= JWTLimits.tokenByteCountMaximum else { throw .tooLarge }
    let hash = hash ?? TokenHash(of: token, by: library)
    if let verified = remembered[hash] {
      try verified.check(at: now)
      return verified
    }
    let verified = try verifyAnew(token, now: now)
    remembered[hash] = verified
    return verified
  }

  private func verifyAnew(_ bytes: [UInt8], now: Int64) throws(TokenFault) -> VerifiedToken {
    let token = try CompactToken(bytes)
    let header = try TokenHeader(token.header)
    guard rules.algorithms.contains(header.algorithm) else {
      throw .unknownAlgorithm(header.algorithm.rawValue)
    }
    let keys = keys.filter { key in
      key.algorithm == header.algorithm
        && (header.keyID == nil || key.id == nil || key.id == header.keyID)
    }
    // A token that names no key cannot ask for a signature's time of each of many.
    guard !keys.isEmpty, keys.count <= JWTLimits.triedKeyCountMaximum else { throw .unknownKey }
    guard keys.contains(where: { $0.key.isValid(token.signature, of: token.signed) }) else {
      throw .wrongSignature
    }
    return try TokenClaims(token.claims).verified(by: rules, at: now)
  }
}
