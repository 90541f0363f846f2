/// The bounds of access rules, in one place.
public enum AccessLimits {
  /// Bytes of a file of rules: room for a quarter of a million grants.
  public static let fileByteCountMaximum = 64 << 20
  /// Grants in a file.
  public static let grantCountMaximum = 200_000
  /// Patterns that a grant, a token or the web server may name for publishing, and as many for subscribing.
  public static let patternsPerGrantCountMaximum = 100
  /// Tokens of one grant.
  public static let tokensPerGrantCountMaximum = 100
  /// Grants that JSON Web Tokens prove: each may be asked of each token.
  public static let webTokenGrantCountMaximum = 16
  /// Grants that the web server proves: all of them hold for each of its requests.
  public static let nginxGrantCountMaximum = 100
  /// Grants of everybody, which hold for each request.
  public static let anonymousGrantCountMaximum = 100
  /// A pattern's length in bytes of UTF-8, the user's name in it.
  public static let patternByteCountMaximum = 255
  /// A grant's or a user's name in bytes of UTF-8.
  public static let nameByteCountMaximum = 255
}
