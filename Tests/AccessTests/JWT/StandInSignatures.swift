@testable import Access

/// Signatures for tests of all that is around them.
///
/// Whoever knows what a key is made of can sign with it, be it public. Real ones are tested where the library is (SignaturesTests).
struct StandInSignatures: SignatureLibrary {
  func sha256(of bytes: [UInt8]) -> [UInt8] { Self.hash(of: bytes) }

  /// Stands in for SHA-256, within one run.
  private static func hash(of bytes: [UInt8]) -> [UInt8] {
    (0..<4).flatMap { number in
      var hasher = Hasher()
      hasher.combine(number)
      hasher.combine(bytes)
      let hash = UInt64(bitPattern: Int64(hasher.finalize()))
      return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }
  }

  struct Key: SignatureKey {
    let kind: KeyKind
    let content: [UInt8]
    var identity: [UInt8] { content }

    func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool {
      signature == self.signature(of: signed)
    }

    func signature(of signed: [UInt8]) -> [UInt8] {
      hash(of: Array("\(kind)".utf8) + content + [0] + signed)
    }
  }

  func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
    switch material {
    case .secret(let bytes): return Key(kind: .secret, content: bytes)
    case .p256(let x, let y): return Key(kind: .p256, content: x + y)
    case .p384(let x, let y): return Key(kind: .p384, content: x + y)
    case .rsa(let modulus, let exponent):
      guard modulus.count >= 256 else { throw .tooShort(bitCount: modulus.count * 8) }
      return Key(kind: .rsa, content: modulus + exponent)
    case .ed25519(let x): return Key(kind: .ed25519, content: x)
    case .publicKey(let der):
      // The first byte says what it is.
      let kinds: [KeyKind] = [.p256, .p384, .rsa, .ed25519]
      guard let first = der.first, Int(first) < kinds.count else { throw .invalid }
      return Key(kind: kinds[Int(first)], content: der)
    }
  }
}

/// Makes tokens, also such as nobody should.
enum Tokens {
  /// A token of these texts, signed by a key.
  static func token(
    _ header: String, _ claims: String, by key: StandInSignatures.Key
  ) -> [UInt8] {
    let signed = Array("\(encode(header)).\(encode(claims))".utf8)
    return signed + [UInt8(ascii: ".")] + encode(key.signature(of: signed)).utf8
  }

  /// Base64url.
  static func encode(_ text: String) -> String { encode(Array(text.utf8)) }

  /// Base64url.
  static func encode(_ bytes: [UInt8]) -> String {
    let letters = Array(
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    for begin in stride(from: 0, to: bytes.count, by: 3) {
      let three = bytes[begin..<min(begin + 3, bytes.count)]
      let bits = three.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << (8 * (3 - three.count))
      for place in 0...three.count { text.append(letters[Int(bits >> (18 - 6 * place)) & 63]) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
