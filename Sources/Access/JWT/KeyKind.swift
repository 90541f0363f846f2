/// What a key is, which says what it may be used for.
public enum KeyKind: Hashable, Sendable, CustomStringConvertible {
  /// Bytes that both sides know.
  case secret
  /// A point on the curve P-256.
  case p256
  /// A point on the curve P-384.
  case p384
  /// A public key of RSA.
  case rsa
  /// A point on Ed25519.
  case ed25519

  /// What people call it.
  public var description: String {
    switch self {
    case .secret: "a secret"
    case .p256: "a key on P-256"
    case .p384: "a key on P-384"
    case .rsa: "an RSA key"
    case .ed25519: "a key on Ed25519"
    }
  }
}
