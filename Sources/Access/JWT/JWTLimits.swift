/// The bounds of JSON Web Tokens and their keys, in one place.
public enum JWTLimits {
  /// A token's length in bytes: cookies end at 4 KiB, and web servers take 8 KiB of one header.
  public static let tokenByteCountMaximum = 8 << 10
  /// Patterns that a token's claim `weir` may name for publishing, and as many for subscribing.
  public static let patternCountMaximum = 100
  /// How far the issuer's clock may be ahead: `nbf` counts so much earlier.
  ///
  /// `exp` counts to the millisecond, because streams end at it.
  public static let clockLeewaySeconds: Int64 = 30
  /// A key file's length in bytes.
  public static let keyFileByteCountMaximum = 256 << 10
  /// Keys in a file.
  public static let keyCountMaximum = 64
  /// Keys that a token is tried with, which it does not name.
  public static let triedKeyCountMaximum = 8
  /// A key's name (`kid`) in bytes.
  public static let keyIDByteCountMaximum = 256
  /// A secret's length in bytes: as many as its hash has (RFC 7518, section 3.2).
  public static let secretByteCountMinimum = 32
  /// An RSA key's length; shorter ones can be broken (RFC 7518, section 3.3).
  public static let rsaBitCountMinimum = 2048
  /// Longer ones would take too long for each token.
  public static let rsaBitCountMaximum = 8192
  /// Tokens that rules remember as verified, those of all grants together; about 300 bytes each and what they say.
  public static let verifiedTokenCountMaximum = 4096
}
