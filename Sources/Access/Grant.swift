/// What somebody may who has proven to be meant.
struct Grant: Sendable {
  /// By what one proves it.
  enum Means: Sendable {
    /// One of these tokens.
    case tokens([TokenHash])
    /// A JSON Web Token that this takes.
    case webToken(JWTVerifier)
    /// The web server says who it is.
    case nginx
    /// Nothing.
    case anonymous
  }

  /// Its own in a file.
  let name: String
  let means: Means
  /// When it ends, in milliseconds since 1970; nil for never.
  let expiresAt: Int64?
  let publish: [PatternTemplate]
  let subscribe: [PatternTemplate]
  /// Where it begins in its file, counted from 1.
  let line: Int

  /// Whether it holds at a time.
  func holds(at unixMilliseconds: Int64) -> Bool {
    expiresAt.map { unixMilliseconds < $0 } ?? true
  }
}
