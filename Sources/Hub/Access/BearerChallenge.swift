/// What a refusal says of tokens, in `WWW-Authenticate` (RFC 6750, section 3).
enum BearerChallenge: Hashable, Sendable {
  /// None was sent.
  case missing
  /// The one that was sent is not taken.
  case invalidToken
  /// It does not allow this.
  case insufficientScope

  /// The header's value.
  var header: String {
    let realm = "Bearer realm=\"weir\""
    return switch self {
    case .missing: realm
    case .invalidToken: realm + ", error=\"invalid_token\""
    case .insufficientScope: realm + ", error=\"insufficient_scope\""
    }
  }
}
