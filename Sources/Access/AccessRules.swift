import Kernel

/// Who may publish and subscribe what: the grants of a file.
///
/// What none of them allows is closed. Any thread may ask; but for the tokens that it remembers it never changes.
public final class AccessRules: Sendable {
  private let grants: [Grant]
  private let library: any SignatureLibrary
  /// The grant that a token proves.
  private let tokens: [TokenHash: Int]
  private let webTokens: [Int]
  private let nginx: [Int]
  private let anonymous: [Int]
  /// What everybody may, where that never ends.
  private let lasting: [Allowance]?
  private let remembered = VerifiedTokens()

  /// - Parameters:
  ///   - grants: names are each of one grant only.
  ///   - tokens: the places of the grants that tokens prove.
  init(_ grants: [Grant], tokens: [TokenHash: Int], _ library: any SignatureLibrary) {
    self.grants = grants
    self.tokens = tokens
    self.library = library
    var (webTokens, nginx, anonymous): ([Int], [Int], [Int]) = ([], [], [])
    for (place, grant) in grants.enumerated() {
      switch grant.means {
      case .tokens: break
      case .webToken: webTokens.append(place)
      case .nginx: nginx.append(place)
      case .anonymous: anonymous.append(place)
      }
    }
    (self.webTokens, self.nginx, self.anonymous) = (webTokens, nginx, anonymous)
    lasting =
      anonymous.allSatisfy { grants[$0].expiresAt == nil }
      ? anonymous.map { grants[$0].allowance(for: nil) } : nil
  }

  /// How many grants there are.
  public var grantCount: Int { grants.count }

  /// Whether what the web server says of a request counts for anything.
  public var asksWebServer: Bool { !nginx.isEmpty }

  /// The grants, in the file's order.
  public var summaries: [GrantSummary] { grants.map { GrantSummary($0) } }

  /// Where each grant begins, in the file's order.
  var places: [(name: String, line: Int)] { grants.map { ($0.name.text, $0.line) } }

  /// How many tokens are remembered.
  var rememberedCount: Int { remembered.count }

  /// What a request may that shows `credentials`.
  ///
  /// - Parameter now: milliseconds since 1970.
  /// - Throws: why the token is not taken. What needs none is allowed without it.
  public func permit(
    _ credentials: PresentedCredentials, now: Int64
  ) throws(TokenFault) -> Permit {
    var permit = permit(at: now)
    if let token = credentials.token { add(try proof(of: token, now: now), to: &permit, at: now) }
    if let word = credentials.nginx {
      add(.nginx(user: word.user, allowance: word.allowance), to: &permit, at: now)
    }
    return permit
  }

  /// What somebody may who has proven this at another time; what is not proven any more counts for nothing.
  public func permit(_ proofs: [Proof], now: Int64) -> Permit {
    var permit = permit(at: now)
    for proof in proofs { add(proof, to: &permit, at: now) }
    return permit
  }

  /// What a grant's name stands for; nil where there is none: for `weir token try`.
  public func permit(ofGrant name: String, user: String?, now: Int64) -> Permit? {
    guard let wanted = UserName(name), let place = grants.firstIndex(where: { $0.name == wanted })
    else { return nil }
    let user = user.flatMap { UserName($0) }
    let proof: Proof
    switch grants[place].means {
    case .tokens:
      guard let token = tokens.first(where: { $0.value == place }) else { return nil }
      proof = .token(hash: token.key)
    case .webToken(let verifier):
      guard let terms = verifier.terms.first else { return nil }
      proof = .webToken(
        grant: name, user: user, allowance: Allowance(), expiresAt: nil, terms: terms)
    case .nginx: proof = .nginx(user: user, allowance: Allowance())
    case .anonymous: return permit(at: now)
    }
    return permit([proof], now: now)
  }

  // MARK: - Proofs

  private func permit(at now: Int64) -> Permit {
    if let lasting { return Permit(open: lasting, expiresAt: nil) }
    let open = anonymous.filter { grants[$0].holds(at: now) }
    return Permit(
      open: open.map { grants[$0].allowance(for: nil) },
      expiresAt: open.compactMap { grants[$0].expiresAt }.min())
  }

  private func add(_ proof: Proof, to permit: inout Permit, at now: Int64) {
    switch proof {
    case .token(let hash):
      guard let place = tokens[hash], grants[place].holds(at: now) else { return }
      // A token's name is its grant's.
      let name = grants[place].name
      add(place, name, .grant(name), to: &permit)
    case .webToken(let name, let user, let allowance, let expiresAt, let terms):
      guard let place = webTokens.first(where: { grants[$0].name.text.hasSameBytes(as: name) }),
        case .webToken(let verifier) = grants[place].means, verifier.takes(terms),
        grants[place].holds(at: now), expiresAt.map({ now < $0 }) ?? true
      else { return }
      permit.end(at: expiresAt)
      add(place, user, holder(user, place), allowance, to: &permit)
    case .nginx(let user, var allowance):
      let places = nginx.filter { grants[$0].holds(at: now) }
      if places.isEmpty { return }
      for place in places {
        add(place, user, holder(user, place), allowance, to: &permit)
        allowance = Allowance()
      }
    }
    permit.proofs.append(proof)
  }

  /// - Parameter claimed: what is allowed beside the grant.
  private func add(
    _ place: Int, _ user: UserName?, _ holder: Permit.Holder, _ claimed: Allowance = Allowance(),
    to permit: inout Permit
  ) {
    permit.add(grants[place].allowance(for: user), of: holder)
    if !claimed.publish.isEmpty || !claimed.subscribe.isEmpty { permit.add(claimed, of: holder) }
    permit.end(at: grants[place].expiresAt)
    if let user, !user.isPart, case .ofUser = grants[place].scope { permit.unfitName = user.text }
  }

  private func holder(_ user: UserName?, _ place: Int) -> Permit.Holder {
    user.map { .user($0) } ?? .grant(grants[place].name)
  }

  private func proof(of token: [UInt8], now: Int64) throws(TokenFault) -> Proof {
    guard token.count <= JWTLimits.tokenByteCountMaximum else { throw .tooLarge }
    let hash = TokenHash(of: token, by: library)
    if let place = tokens[hash] {
      guard grants[place].holds(at: now) else { throw .expired }
      return .token(hash: hash)
    }
    if webTokens.isEmpty { throw .unknown }
    if let known = remembered[hash], grants[known.grant].holds(at: now) {
      try known.token.check(at: now)
      return proof(known)
    }
    // Of several that know the key, or none, the first one's reason is told.
    var fault: TokenFault?
    for place in webTokens where grants[place].holds(at: now) {
      guard case .webToken(let verifier) = grants[place].means else { continue }
      do throws(TokenFault) {
        let known = VerifiedTokens.Entry(
          grant: place, token: try verifier.verify(token, now: now))
        remembered[hash] = known
        return proof(known)
      } catch {
        if fault == nil || fault == .unknownKey { fault = error }
      }
    }
    throw fault ?? .unknown
  }

  private func proof(_ known: VerifiedTokens.Entry) -> Proof {
    .webToken(
      grant: grants[known.grant].name.text, user: known.token.user,
      allowance: known.token.allowance, expiresAt: known.token.expiresAt, terms: known.token.terms)
  }
}
