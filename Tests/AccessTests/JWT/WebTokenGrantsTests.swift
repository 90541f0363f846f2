import Foundation
import Synchronization
import Testing

@testable import Access

/// Grants that JSON Web Tokens prove: what is remembered of tokens, and for how long what they proved holds.
struct WebTokenGrantsTests {
  private static let now = JWTVerifierTests.now
  private static let seconds = JWTVerifierTests.seconds

  /// Counts how often it is asked.
  private final class CountingKey: SignatureKey {
    let key: StandInSignatures.Key
    let askedCount = Atomic<Int>(0)

    init(_ content: UInt8) { key = StandInSignatures.Key(kind: .p256, content: [content]) }

    var kind: KeyKind { key.kind }
    var identity: [UInt8] { key.identity }

    func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
      askedCount.add(1, ordering: .relaxed)
      return key.isValid(signature, of: signed)
    }

    var count: Int { askedCount.load(ordering: .relaxed) }
  }

  private static func grant(
    _ name: String, _ verifier: JWTVerifier, expiresAt: Int64? = nil
  ) throws -> Grant {
    Grant(
      name: try #require(UserName(name)), means: .webToken(verifier), expiresAt: expiresAt,
      scope: .ofUser(
        publish: [],
        subscribe: [try PatternTemplate("users.{user}.>"), try PatternTemplate("news")]),
      line: 1)
  }

  private static func rules(_ grants: Grant...) -> AccessRules {
    AccessRules(grants, tokens: [:], StandInSignatures())
  }

  private static func verifier(
    _ keys: [TokenKey] = JWTVerifierTests.keys, issuer: String? = nil, audience: String? = nil,
    user: String = "sub", algorithms: [JWTAlgorithmName] = [.es256]
  ) -> JWTVerifier {
    JWTVerifier(
      JWTRules(
        keysPath: "keys", algorithms: algorithms, issuer: issuer, audience: audience,
        userClaim: user), keys: keys, with: StandInSignatures())
  }

  private static func permit(
    _ rules: AccessRules, _ token: [UInt8], at now: Int64 = now
  ) throws -> Permit {
    try rules.permit(PresentedCredentials(token: token), now: now)
  }

  // MARK: - What was proven, under other rules

  enum Change: CaseIterable {
    case none, otherFile, noKey, otherKey, otherKeyOfTheName, otherName, otherAlgorithm, issuer
    case audience, noAudience, userClaim, grantName, end

    /// Whether what was proven before it still holds.
    var isHarmless: Bool { self == .none || self == .otherFile }
  }

  @Test(arguments: Change.allCases)
  func `what a token proved holds while its key and the terms of its grant are the same`(
    change: Change
  ) throws {
    let key = TokenKey(id: Array("a".utf8), algorithm: .es256, key: JWTVerifierTests.key)
    let other = TokenKey(id: Array("b".utf8), algorithm: .es256, key: JWTVerifierTests.other)
    let before = Self.rules(
      try Self.grant("login", Self.verifier([other, key], issuer: "i", audience: "w")))
    let token = JWTVerifierTests.token(claims: #"{"iss":"i","aud":"w","sub":"anna"}"#)
    let proofs = try Self.permit(before, token).proofs
    #expect(before.permit(proofs, now: Self.now).maySubscribe("users.anna.x"))

    func verifier(
      _ keys: [TokenKey], issuer: String? = "i", audience: String? = "w", user: String = "sub"
    ) -> JWTVerifier { Self.verifier(keys, issuer: issuer, audience: audience, user: user) }

    let renamed = TokenKey(id: nil, algorithm: .es256, key: JWTVerifierTests.key)
    let replaced = TokenKey(id: key.id, algorithm: .es256, key: JWTVerifierTests.other)
    let moved = TokenKey(id: key.id, algorithm: .es384, key: JWTVerifierTests.key)
    let grant =
      switch change {
      case .none: try Self.grant("login", verifier([other, key]))
      // Files are where they are, in whatever order their keys stand.
      case .otherFile: try Self.grant("login", verifier([key]))
      case .noKey: try Self.grant("login", verifier([]))
      case .otherKey: try Self.grant("login", verifier([other]))
      case .otherKeyOfTheName: try Self.grant("login", verifier([replaced]))
      case .otherName: try Self.grant("login", verifier([renamed]))
      case .otherAlgorithm: try Self.grant("login", verifier([moved]))
      case .issuer: try Self.grant("login", verifier([key], issuer: "j"))
      case .audience: try Self.grant("login", verifier([key], audience: "v"))
      case .noAudience: try Self.grant("login", verifier([key], audience: nil))
      case .userClaim: try Self.grant("login", verifier([key], user: "uid"))
      case .grantName: try Self.grant("others", verifier([key]))
      case .end: try Self.grant("login", verifier([key]), expiresAt: Self.now)
      }
    let after = Self.rules(grant).permit(proofs, now: Self.now)
    #expect(after.maySubscribe("users.anna.x") == change.isHarmless)
    #expect(after.isAnonymous == !change.isHarmless)
  }

  // MARK: - What is remembered

  @Test func `a token of the second of two grants is verified once`() throws {
    let (first, second) = (CountingKey(1), CountingKey(2))
    let rules = Self.rules(
      try Self.grant("one", Self.verifier([TokenKey(id: nil, algorithm: .es256, key: first)])),
      try Self.grant("two", Self.verifier([TokenKey(id: nil, algorithm: .es256, key: second)])))
    let token = JWTVerifierTests.token(claims: #"{"sub":"anna"}"#, by: second.key)
    for _ in 0..<3 {
      #expect(try Self.permit(rules, token).maySubscribe("users.anna.x"))
      #expect(first.count == 1 && second.count == 1)
    }
  }

  @Test func `a remembered token is worth nothing when its grant has ended`() throws {
    let rules = Self.rules(
      try Self.grant("one", Self.verifier(), expiresAt: Self.now + 1000),
      try Self.grant("two", Self.verifier(audience: "w")))
    let token = JWTVerifierTests.token(claims: #"{"sub":"anna"}"#)
    #expect(try Self.permit(rules, token).expiresAt == Self.now + 1000)
    #expect(throws: TokenFault.wrongAudience) {
      try Self.permit(rules, token, at: Self.now + 1000)
    }
  }

  @Test func `a remembered token ends and begins at its time`() throws {
    let rules = Self.rules(try Self.grant("login", Self.verifier()))
    let token = JWTVerifierTests.token(
      claims: "{\"exp\":\(Self.seconds + 60),\"nbf\":\(Self.seconds)}")
    for now in [Self.now, Self.now + 59_999, Self.now - 30_000] {
      #expect(try Self.permit(rules, token, at: now).expiresAt == Self.now + 60_000)
    }
    #expect(throws: TokenFault.expired) { try Self.permit(rules, token, at: Self.now + 60_000) }
    #expect(throws: TokenFault.notYet) { try Self.permit(rules, token, at: Self.now - 30_001) }
    #expect(try !Self.permit(rules, token).isAnonymous)
  }

  @Test func `a remembered token is the whole of it`() throws {
    let rules = Self.rules(try Self.grant("login", Self.verifier()))
    let token = JWTVerifierTests.token(claims: #"{"sub":"a"}"#)
    #expect(try Self.permit(rules, token).name == "a")
    for place in token.indices {
      var changed = token
      changed[place] ^= 1
      #expect(throws: TokenFault.self) { try Self.permit(rules, changed) }
    }
    #expect(rules.rememberedCount == 1)
  }

  @Test func `however many users there are, as many tokens are remembered as may be`() throws {
    let rules = Self.rules(
      try Self.grant("one", Self.verifier(audience: "w")), try Self.grant("two", Self.verifier()))
    for number in 0..<(3 * JWTLimits.verifiedTokenCountMaximum) {
      let token = JWTVerifierTests.token(claims: #"{"sub":"u\#(number)"}"#)
      #expect(try Self.permit(rules, token).name == "u\(number)")
    }
    let range = JWTLimits.verifiedTokenCountMaximum / 2...JWTLimits.verifiedTokenCountMaximum
    #expect(range.contains(rules.rememberedCount))
  }

  @Test func `many threads find what each of them has shown`() throws {
    let rules = Self.rules(try Self.grant("login", Self.verifier()))
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for number in 0..<600 {
        // Some are of one thread alone, some of all.
        let name = number % 2 == 0 ? "\(number)" : "\(thread)-\(number)"
        let permit = try? Self.permit(
          rules, JWTVerifierTests.token(claims: "{\"sub\":\"\(name)\"}"))
        #expect(permit?.name == name)
      }
    }
  }
}
