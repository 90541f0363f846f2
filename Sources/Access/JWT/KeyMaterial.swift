/// What a key is made of, as it stands in a file.
public enum KeyMaterial: Sendable {
  /// A secret.
  case secret([UInt8])
  /// A point on P-256; both numbers have 32 bytes.
  case p256(x: [UInt8], y: [UInt8])
  /// A point on P-384; both numbers have 48 bytes.
  case p384(x: [UInt8], y: [UInt8])
  /// An RSA key; the numbers are big-endian.
  case rsa(modulus: [UInt8], exponent: [UInt8])
  /// A point on Ed25519, of 32 bytes.
  case ed25519([UInt8])
  /// A public key in DER (SubjectPublicKeyInfo, RFC 5280, section 4.1).
  case publicKey([UInt8])
}

/// Why something is no key that weir can use.
public enum KeyMaterialFault: Error, Hashable, Sendable, CustomStringConvertible {
  /// The bytes are no key of its kind.
  case invalid
  /// An RSA key has so many bits, and has to have at least ``JWTLimits/rsaBitCountMinimum``.
  case tooShort(bitCount: Int)
  /// An RSA key has so many bits, and may have at most ``JWTLimits/rsaBitCountMaximum``.
  case tooLong(bitCount: Int)

  /// What is wrong, and what to do.
  public var description: String {
    switch self {
    case .invalid: "it is no public key of a kind that weir knows: get it again from who signs"
    case .tooShort(let bitCount):
      "it has \(bitCount) bits, which can be broken: have tokens signed with an RSA key of at least "
        + "\(JWTLimits.rsaBitCountMinimum)"
    case .tooLong(let bitCount):
      "it has \(bitCount) bits, which take too long for each token: have tokens signed with an RSA key "
        + "of at most \(JWTLimits.rsaBitCountMaximum)"
    }
  }
}
