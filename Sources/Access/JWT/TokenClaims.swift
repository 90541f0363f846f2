import JSONText

/// What a token whose signature is right says (RFC 7519, section 4), held against the rules.
struct TokenClaims {
  private let bytes: [UInt8]
  private let members: [JSONMember]

  init(_ bytes: [UInt8]) throws(TokenFault) {
    self.bytes = bytes
    let members: [JSONMember]?
    do { members = try JSONText.members(of: bytes) } catch {
      throw .malformed("its claims are not JSON in which each name stands once")
    }
    guard let members else { throw .malformed("its claims are no JSON object") }
    self.members = members
  }

  /// Holds the claims against the rules.
  ///
  /// - Parameters:
  ///   - terms: what is noted of the rules and the key.
  ///   - now: milliseconds since 1970.
  func verified(
    by rules: JWTRules, _ terms: TokenHash, at now: Int64
  ) throws(TokenFault) -> VerifiedToken {
    let issuer = try text("iss")
    if let wanted = rules.issuer {
      guard let issuer, issuer.utf8.elementsEqual(wanted.utf8) else { throw .wrongIssuer }
    }
    try checkAudience(rules.audience)
    let token = VerifiedToken(
      user: try user(rules.userClaim), allowance: try allowance(), expiresAt: try time("exp"),
      begins: try time("nbf"), terms: terms)
    try token.check(at: now)
    return token
  }

  private func value(_ name: String) -> JSONValue? {
    members.first { $0.isNamed(name) }?.value
  }

  private func text(_ name: String) throws(TokenFault) -> String? {
    guard let value = value(name) else { return nil }
    guard let text = value.string(in: bytes) else {
      throw .malformed("its claim '\(name)' is no text")
    }
    return text
  }

  private func user(_ claim: String) throws(TokenFault) -> UserName? {
    guard let text = try text(claim) else { return nil }
    guard let name = UserName(text) else {
      throw .malformed(
        "the user's name is empty, longer than \(AccessLimits.nameByteCountMaximum) bytes, or has "
          + "control characters")
    }
    return name
  }

  private func checkAudience(_ wanted: String?) throws(TokenFault) {
    guard let value = value("aud") else {
      if wanted != nil { throw .wrongAudience }
      return
    }
    var texts: [String] = []
    for element in value.elements(in: bytes) ?? [value] {
      guard let text = element.string(in: bytes) else {
        throw .malformed("its claim 'aud' is neither a text nor a list of texts")
      }
      texts.append(text)
    }
    guard let wanted, texts.contains(where: { $0.utf8.elementsEqual(wanted.utf8) }) else {
      throw .wrongAudience
    }
  }

  /// Seconds since 1970, with a fraction if they like (RFC 7519, section 2), in milliseconds.
  private func time(_ name: String) throws(TokenFault) -> Int64? {
    guard let value = value(name) else { return nil }
    guard value.kind == .number, let seconds = Double(value.text(in: bytes)) else {
      throw .malformed("its claim '\(name)' is no number of seconds since 1970")
    }
    // Farther away than the years 1 and 9999 is as good as never; what is not a number cannot come here.
    let limit = 253_402_300_799.0
    return Int64((min(max(seconds, -limit), limit) * 1000).rounded())
  }

  /// What the claim `weir` allows; a member that weir does not know may be a bound that it would overlook, so it
  /// is refused.
  private func allowance() throws(TokenFault) -> Allowance {
    guard let value = value("weir") else { return Allowance() }
    guard let members = value.members(in: bytes) else {
      throw .malformed("its claim 'weir' is no object")
    }
    var (publish, subscribe): ([AccessPattern], [AccessPattern]) = ([], [])
    for member in members {
      if member.isNamed("publish") {
        publish = try patterns(member.value, of: "publish")
      } else if member.isNamed("subscribe") {
        subscribe = try patterns(member.value, of: "subscribe")
      } else {
        throw .malformed("its claim 'weir' has a member that is neither 'publish' nor 'subscribe'")
      }
    }
    return Allowance(publish: publish, subscribe: subscribe)
  }

  private func patterns(
    _ value: JSONValue, of member: String
  ) throws(TokenFault) -> [AccessPattern] {
    guard let elements = value.elements(in: bytes) else {
      throw .malformed("'\(member)' in its claim 'weir' is no list")
    }
    guard elements.count <= JWTLimits.patternCountMaximum else {
      throw .malformed(
        "'\(member)' in its claim 'weir' has more than \(JWTLimits.patternCountMaximum) patterns")
    }
    var patterns: [AccessPattern] = []
    for element in elements {
      guard let text = element.string(in: bytes) else {
        throw .malformed("'\(member)' in its claim 'weir' holds something that is no text")
      }
      guard let pattern = AccessPattern(text) else {
        throw .malformed("'\(member)' in its claim 'weir' holds something that is no pattern")
      }
      patterns.append(pattern)
    }
    return patterns
  }
}
