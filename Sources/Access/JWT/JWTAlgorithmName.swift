/// An algorithm that tokens may be signed with, as they name it (RFC 7518, section 3.1; RFC 8037; RFC 9864).
///
/// There is no `none`: what is signed by nobody is no proof.
public enum JWTAlgorithmName: String, CaseIterable, Sendable {
  /// A secret that signs and verifies: HMAC with SHA-256.
  case hs256 = "HS256"
  /// ECDSA on the curve P-256 with SHA-256.
  case es256 = "ES256"
  /// ECDSA on the curve P-384 with SHA-384.
  case es384 = "ES384"
  /// RSA (PKCS #1 v1.5) with SHA-256.
  case rs256 = "RS256"
  /// EdDSA on the curve Ed25519.
  case edDSA = "EdDSA"
  /// The same by its newer name.
  case ed25519 = "Ed25519"

  /// The algorithm of this name, to the byte; nil where there is none.
  init?(named text: String) {
    guard let found = Self.allCases.first(where: { $0.rawValue.utf8.elementsEqual(text.utf8) })
    else { return nil }
    self = found
  }

  /// What kind of key it takes; no other is ever used with it.
  public var keyKind: KeyKind {
    switch self {
    case .hs256: .secret
    case .es256: .p256
    case .es384: .p384
    case .rs256: .rsa
    case .edDSA, .ed25519: .ed25519
    }
  }
}
