public import Access
import Crypto
import CryptoExtras

/// Signatures as swift-crypto verifies them, which is BoringSSL with types.
public struct CryptoSignatures: SignatureLibrary {
  /// The library; it has no state.
  public init() {}

  /// Makes a key.
  public func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
    switch material {
    case .secret(let bytes): SecretKey(bytes)
    case .p256(let x, let y): try P256Key(key: valid { try .init(x963Representation: [4] + x + y) })
    case .p384(let x, let y): try P384Key(key: valid { try .init(x963Representation: [4] + x + y) })
    case .ed25519(let x): try Ed25519Key(key: valid { try .init(rawRepresentation: x) })
    case .rsa(let modulus, let exponent):
      try rsaKey(bitCount: bitCount(of: modulus)) { try .init(n: modulus, e: exponent) }
    case .publicKey(let der): try key(ofDER: der)
    }
  }

  /// The hash SHA-256.
  public func sha256(of bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }

  private func key(ofDER der: [UInt8]) throws(KeyMaterialFault) -> any SignatureKey {
    if let key = try? P256.Signing.PublicKey(derRepresentation: der) { return P256Key(key: key) }
    if let key = try? P384.Signing.PublicKey(derRepresentation: der) { return P384Key(key: key) }
    if let key = try? Curve25519.Signing.PublicKey(derRepresentation: der) {
      return Ed25519Key(key: key)
    }
    // This one also takes keys that are too short, to tell how short they are.
    let any = try valid { try _RSA.Signing.PublicKey(unsafeDERRepresentation: der) }
    return try rsaKey(bitCount: any.keySizeInBits) { try .init(derRepresentation: der) }
  }

  private func rsaKey(
    bitCount: Int, _ make: () throws -> _RSA.Signing.PublicKey
  ) throws(KeyMaterialFault) -> any SignatureKey {
    guard bitCount >= JWTLimits.rsaBitCountMinimum else { throw .tooShort(bitCount: bitCount) }
    guard bitCount <= JWTLimits.rsaBitCountMaximum else { throw .tooLong(bitCount: bitCount) }
    return RSAKey(key: try valid(make))
  }

  private func bitCount(of number: [UInt8]) -> Int {
    let significant = number.drop { $0 == 0 }
    return significant.count * 8 - (significant.first?.leadingZeroBitCount ?? 0)
  }

  /// What the library says beside "it is none" is for programmers.
  private func valid<Key>(_ make: () throws -> Key) throws(KeyMaterialFault) -> Key {
    do { return try make() } catch { throw .invalid }
  }
}

/// HMAC with SHA-256.
private struct SecretKey: SignatureKey {
  let secret: SymmetricKey
  let identity: [UInt8]
  var kind: KeyKind { .secret }

  init(_ secret: [UInt8]) {
    self.secret = SymmetricKey(data: secret)
    identity = Array(SHA256.hash(data: secret))
  }

  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: signed, using: secret)
  }
}

/// ECDSA on P-256.
private struct P256Key: SignatureKey {
  let key: P256.Signing.PublicKey
  var kind: KeyKind { .p256 }
  var identity: [UInt8] { Array(key.x963Representation) }

  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    guard let signature = try? P256.Signing.ECDSASignature(rawRepresentation: signature) else {
      return false
    }
    return key.isValidSignature(signature, for: SHA256.hash(data: signed))
  }
}

/// ECDSA on P-384.
private struct P384Key: SignatureKey {
  let key: P384.Signing.PublicKey
  var kind: KeyKind { .p384 }
  var identity: [UInt8] { Array(key.x963Representation) }

  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    guard let signature = try? P384.Signing.ECDSASignature(rawRepresentation: signature) else {
      return false
    }
    return key.isValidSignature(signature, for: SHA384.hash(data: signed))
  }
}

/// RSA, PKCS #1 v1.5, with SHA-256.
private struct RSAKey: SignatureKey {
  let key: _RSA.Signing.PublicKey
  var kind: KeyKind { .rsa }
  var identity: [UInt8] { Array(key.derRepresentation) }

  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    key.isValidSignature(
      _RSA.Signing.RSASignature(rawRepresentation: signature), for: SHA256.hash(data: signed),
      padding: .insecurePKCS1v1_5)
  }
}

/// EdDSA on Ed25519.
private struct Ed25519Key: SignatureKey {
  let key: Curve25519.Signing.PublicKey
  var kind: KeyKind { .ed25519 }
  var identity: [UInt8] { Array(key.rawRepresentation) }

  func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
    key.isValidSignature(signature, for: signed)
  }
}
