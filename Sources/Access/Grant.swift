/// What somebody may who has proven to be meant.
struct Grant: Sendable {
  /// By what one proves it.
  enum Means: Sendable {
    /// One of so many tokens.
    case tokens(count: Int)
    /// A JSON Web Token that this takes.
    case webToken(JWTVerifier)
    /// The web server says who it is.
    case nginx
    /// Nothing.
    case anonymous
  }

  /// What it allows.
  enum Scope: Sendable {
    /// The same to everybody.
    case fixed(Allowance)
    /// What it says of the user who is proven, as it is written.
    indirect case ofUser(publish: [PatternTemplate], subscribe: [PatternTemplate])
  }

  /// Its own in a file.
  let name: UserName
  let means: Means
  /// When it ends, in milliseconds since 1970; nil for never.
  let expiresAt: Int64?
  let scope: Scope
  /// Where it begins in its file, counted from 1.
  let line: Int

  /// Whether it holds at a time.
  func holds(at unixMilliseconds: Int64) -> Bool {
    expiresAt.map { unixMilliseconds < $0 } ?? true
  }

  /// What it allows to a user, or to who has none.
  func allowance(for user: UserName?) -> Allowance {
    switch scope {
    case .fixed(let allowance): allowance
    case .ofUser(let publish, let subscribe):
      Allowance(
        publish: publish.compactMap { $0.pattern(for: user) },
        subscribe: subscribe.compactMap { $0.pattern(for: user) })
    }
  }
}
