import Access
import Crypto
import CryptoExtras
import Foundation

/// Signs as login services do, by swift-crypto.
enum Signer: CaseIterable, Sendable {
  case hs256, es256, es384, rs256, edDSA, ed25519

  // Neither its first byte makes it JSON nor its last one a line.
  private static let secret = [1] + (0..<32).map { _ in UInt8.random(in: .min ... .max) } + [1]
  private static let p256 = P256.Signing.PrivateKey()
  private static let p384 = P384.Signing.PrivateKey()
  private static let curve25519 = Curve25519.Signing.PrivateKey()
  // A key takes a second to make.
  private static let rsa: _RSA.Signing.PrivateKey = {
    guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else {
      fatalError("no RSA key could be made")
    }
    return key
  }()

  var algorithm: JWTAlgorithmName {
    switch self {
    case .hs256: .hs256
    case .es256: .es256
    case .es384: .es384
    case .rs256: .rs256
    case .edDSA: .edDSA
    case .ed25519: .ed25519
    }
  }

  /// What a login service gives away of its key: a JWK.
  var jwk: String {
    func text(_ bytes: some Sequence<UInt8>) -> String { Self.base64URL(Data(bytes)) }
    switch self {
    case .hs256:
      return #"{"kty":"oct","k":"\#(text(Self.secret))"}"#
    case .es256:
      let point = Self.p256.publicKey.rawRepresentation
      return
        #"{"kty":"EC","crv":"P-256","x":"\#(text(point.prefix(32)))","y":"\#(text(point.suffix(32)))"}"#
    case .es384:
      let point = Self.p384.publicKey.rawRepresentation
      return
        #"{"kty":"EC","crv":"P-384","x":"\#(text(point.prefix(48)))","y":"\#(text(point.suffix(48)))"}"#
    case .rs256:
      guard let key = try? Self.rsa.publicKey.getKeyPrimitives() else {
        fatalError("an RSA key without numbers")
      }
      return #"{"kty":"RSA","n":"\#(text(key.modulus))","e":"\#(text(key.publicExponent))"}"#
    case .edDSA, .ed25519:
      return
        #"{"kty":"OKP","crv":"Ed25519","x":"\#(text(Self.curve25519.publicKey.rawRepresentation))"}"#
    }
  }

  /// The key as a file for people; for a secret its bytes.
  var file: [UInt8] {
    switch self {
    case .hs256: Self.secret
    case .es256: Array(Self.p256.publicKey.pemRepresentation.utf8)
    case .es384: Array(Self.p384.publicKey.pemRepresentation.utf8)
    case .rs256: Array(Self.rsa.publicKey.pemRepresentation.utf8)
    case .edDSA, .ed25519: Array(Self.curve25519.publicKey.pemRepresentation.utf8)
    }
  }

  /// What people put into the file by mistake; nil for a secret, which is private anyhow.
  var privateFile: [UInt8]? {
    switch self {
    case .hs256: nil
    case .es256: Array(Self.p256.pemRepresentation.utf8)
    case .es384: Array(Self.p384.pemRepresentation.utf8)
    case .rs256: Array(Self.rsa.pemRepresentation.utf8)
    case .edDSA, .ed25519: Array(Self.curve25519.pemRepresentation.utf8)
    }
  }

  func signature(of signed: [UInt8]) throws -> [UInt8] {
    switch self {
    case .hs256:
      Array(HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Self.secret)))
    case .es256: Array(try Self.p256.signature(for: signed).rawRepresentation)
    case .es384: Array(try Self.p384.signature(for: signed).rawRepresentation)
    case .rs256:
      Array(
        try Self.rsa.signature(for: signed, padding: .insecurePKCS1v1_5).rawRepresentation)
    case .edDSA, .ed25519: Array(try Self.curve25519.signature(for: signed))
    }
  }

  /// A token.
  func token(
    _ claims: String = "{}", naming algorithm: JWTAlgorithmName? = nil
  ) throws -> [UInt8] {
    let header = #"{"alg":"\#((algorithm ?? self.algorithm).rawValue)","typ":"JWT"}"#
    let signed = Self.base64URL(Data(header.utf8)) + "." + Self.base64URL(Data(claims.utf8))
    let signature = try signature(of: Array(signed.utf8))
    return Array((signed + "." + Self.base64URL(Data(signature))).utf8)
  }

  static func base64URL(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
      .replacing("=", with: "")
  }
}
