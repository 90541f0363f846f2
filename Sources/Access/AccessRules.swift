/// Who may publish and subscribe what: the grants of a file.
///
/// What none of them allows is closed. A value that any thread may ask; it never changes.
public struct AccessRules: Sendable {
  private let grants: [Grant]
  private let library: any SignatureLibrary
  /// The grant that a token proves.
  private let tokens: [TokenHash: Int]
  private let webTokens: [Int]
  private let nginx: [Int]
  private let anonymous: [Int]
  private let byName: [UserName: Int]

  /// - Parameter grants: names and tokens are each of one grant only.
  init(_ grants: [Grant], _ library: any SignatureLibrary) {
    self.grants = grants
    self.library = library
    var tokens: [TokenHash: Int] = [:]
    var (webTokens, nginx, anonymous): ([Int], [Int], [Int]) = ([], [], [])
    var byName: [UserName: Int] = [:]
    for (place, grant) in grants.enumerated() {
      if let name = UserName(grant.name) { byName[name] = place }
      switch grant.means {
      case .tokens(let hashes): for hash in hashes { tokens[hash] = place }
      case .webToken: webTokens.append(place)
      case .nginx: nginx.append(place)
      case .anonymous: anonymous.append(place)
      }
    }
    (self.tokens, self.webTokens, self.nginx, self.anonymous, self.byName) =
      (tokens, webTokens, nginx, anonymous, byName)
  }

  /// How many grants there are.
  public var grantCount: Int { grants.count }

  /// The grants, in the file's order.
  public var summaries: [GrantSummary] { grants.map { GrantSummary($0) } }

  /// Where each grant begins, in the file's order.
  var places: [(name: String, line: Int)] { grants.map { ($0.name, $0.line) } }

  /// What a request may that shows `credentials`.
  ///
  /// - Parameter now: milliseconds since 1970.
  /// - Throws: why the token is not taken. What needs none is allowed without it.
  public func permit(
    _ credentials: PresentedCredentials, now: Int64
  ) throws(TokenFault) -> Permit {
    var proofs: [Proof] = []
    if let token = credentials.token { proofs.append(try proof(of: token, now: now)) }
    if let word = credentials.nginx, !nginx.isEmpty {
      proofs.append(
        .nginx(
          user: UserName(word.user)?.text,
          Proof.Claimed(
            publish: Self.list(word.publish), subscribe: Self.list(word.subscribe))))
    }
    return permit(proofs, now: now)
  }

  /// What somebody may who has proven this at another time; what is not proven any more counts for nothing.
  public func permit(_ proofs: [Proof], now: Int64) -> Permit {
    var held: [Proof] = []
    let open = anonymous.filter { grants[$0].holds(at: now) }
    var parts = open.map { part(of: grants[$0], nil) }
    var ends = open.compactMap { grants[$0].expiresAt }
    var (name, keyScope): (String?, String) = (nil, "")
    var unfit: UserName?
    func take(
      _ places: [Int], _ user: UserName?, _ claimed: Proof.Claimed, scope: String, named: String
    ) {
      for place in places {
        parts.append(part(of: grants[place], user))
        if let end = grants[place].expiresAt { ends.append(end) }
      }
      parts.append(
        Permit.Part(
          publish: claimed.publish.compactMap { AccessPattern($0) },
          subscribe: claimed.subscribe.compactMap { AccessPattern($0) }))
      if let user, !user.isPart,
        places.contains(where: { place in
          (grants[place].publish + grants[place].subscribe).contains(where: \.isOfUser)
        })
      {
        unfit = user
      }
      if name == nil { (name, keyScope) = (named, scope) }
    }
    for proof in proofs {
      switch proof {
      case .token(let hash):
        guard let place = tokens[hash], grants[place].holds(at: now)
        else { continue }
        let grant = grants[place]
        // A token's name is its grant's.
        take(
          [place], UserName(grant.name), Proof.Claimed(), scope: "grant \(grant.name)",
          named: grant.name)
      case .webToken(let grantName, let user, let claimed, let expiresAt):
        guard let place = UserName(grantName).flatMap({ byName[$0] }),
          case .webToken = grants[place].means,
          grants[place].holds(at: now), expiresAt.map({ now < $0 }) ?? true
        else { continue }
        if let expiresAt { ends.append(expiresAt) }
        let name = user ?? grantName
        take(
          [place], user.flatMap { UserName($0) }, claimed,
          scope: user == nil ? "grant \(name)" : "user \(name)", named: name)
      case .nginx(let user, let claimed):
        let places = nginx.filter { grants[$0].holds(at: now) }
        if places.isEmpty { continue }
        let name = user ?? grants[places[0]].name
        take(
          places, user.flatMap { UserName($0) }, claimed,
          scope: user == nil ? "grant \(name)" : "user \(name)", named: name)
      }
      held.append(proof)
    }
    return Permit(
      proofs: held, name: name, keyScope: keyScope, expiresAt: ends.min(),
      unfitName: unfit?.text, parts: parts)
  }

  /// What a grant's name stands for; nil where there is none: for `weir token try`.
  public func permit(ofGrant name: String, user: String?, now: Int64) -> Permit? {
    guard let place = UserName(name).flatMap({ byName[$0] }) else { return nil }
    let grant = grants[place]
    switch grant.means {
    case .tokens(let hashes):
      return permit([.token(hash: hashes[0])], now: now)
    case .webToken:
      return permit(
        [.webToken(grant: name, user: user, Proof.Claimed(), expiresAt: nil)], now: now)
    case .nginx: return permit([.nginx(user: user, Proof.Claimed())], now: now)
    case .anonymous: return permit([], now: now)
    }
  }

  private func proof(of token: String, now: Int64) throws(TokenFault) -> Proof {
    let bytes = Array(token.utf8)
    guard bytes.count <= JWTLimits.tokenByteCountMaximum else { throw .tooLarge }
    let hash = TokenHash(of: bytes, by: library)
    if let place = tokens[hash] {
      guard grants[place].holds(at: now) else { throw .expired }
      return .token(hash: hash)
    }
    // Of several that know the key, or none, the first one's reason is told.
    var fault: TokenFault?
    for place in webTokens where grants[place].holds(at: now) {
      guard case .webToken(let verifier) = grants[place].means else { continue }
      do throws(TokenFault) {
        let verified = try verifier.verify(bytes, hash: hash, now: now)
        let user = verified.user.flatMap { UserName($0) }
        guard verified.user == nil || user != nil else {
          throw TokenFault.malformed(
            "the user's name is empty, longer than \(AccessLimits.nameByteCountMaximum) bytes, or has control "
              + "characters")
        }
        return .webToken(
          grant: grants[place].name, user: user?.text,
          Proof.Claimed(publish: verified.publish, subscribe: verified.subscribe),
          expiresAt: verified.expiresAt)
      } catch {
        if fault == nil || fault == .unknownKey { fault = error }
      }
    }
    throw fault ?? .unknown
  }

  private func part(of grant: Grant, _ user: UserName?) -> Permit.Part {
    Permit.Part(
      publish: grant.publish.compactMap { $0.pattern(for: user) },
      subscribe: grant.subscribe.compactMap { $0.pattern(for: user) })
  }

  private static func list(_ text: String) -> [String] {
    text.utf8.split(separator: UInt8(ascii: ","))
      .map { part in
        String(
          decoding: part.drop { $0 == UInt8(ascii: " ") }.reversed()
            .drop { $0 == UInt8(ascii: " ") }.reversed(), as: UTF8.self)
      }
      .filter { !$0.isEmpty }.prefix(AccessLimits.patternsPerGrantCountMaximum).map { $0 }
  }
}
