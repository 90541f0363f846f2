@testable import Access

/// Tokens and key files: whatever they are, they are taken as what they say or refused with a short text, and
/// a token has one spelling.
///
/// The input is a letter and what it says: `t` a token as it is sent; `s` a header and claims, a line each, which
/// are signed; `k` a key file. Signatures are all right here, so that claims are reached.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = unsafe Array(UnsafeBufferPointer(start: start, count: count))
  let content = Array(bytes.dropFirst())
  switch bytes.first {
  case UInt8(ascii: "t"): checkToken(content)
  case UInt8(ascii: "s"):
    let header = content.prefix { $0 != UInt8(ascii: "\n") }
    let claims = content.dropFirst(header.count + 1)
    checkToken(encode(header) + [UInt8(ascii: ".")] + encode(claims) + Array(".AAAA".utf8))
  case UInt8(ascii: "k"): checkKeys(content)
  default: break
  }
  return 0
}

private struct AllSignatures: SignatureLibrary {
  struct Key: SignatureKey {
    let kind: KeyKind
    var identity: [UInt8] { [] }

    func isValid(_ signature: [UInt8], of signed: [UInt8]) -> Bool { true }
  }

  /// Whatever is not the same stays apart.
  func sha256(of bytes: [UInt8]) -> [UInt8] {
    let checksums = (0..<8).map { castagnoli([UInt8($0)], bytes[...]) }
    return checksums.flatMap { sum in (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) } }
  }

  func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
    switch material {
    case .secret(let bytes):
      require(bytes.count >= JWTLimits.secretByteCountMinimum, "a secret is long enough")
      return Key(kind: .secret)
    case .p256(let x, let y):
      require(x.count == 32 && y.count == 32, "a point has two numbers of its length")
      return Key(kind: .p256)
    case .p384(let x, let y):
      require(x.count == 48 && y.count == 48, "a point has two numbers of its length")
      return Key(kind: .p384)
    case .rsa: return Key(kind: .rsa)
    case .ed25519(let x):
      require(x.count == 32, "a point has its length")
      return Key(kind: .ed25519)
    case .publicKey(let der):
      guard let first = der.first else { throw .invalid }
      return Key(kind: first % 2 == 0 ? .p256 : .rsa)
    }
  }
}

private let now: Int64 = 1_795_608_000_000
private let verifier = JWTVerifier(
  JWTRules(keysPath: "keys", algorithms: [.es256, .hs256]),
  keys: [
    TokenKey(id: nil, algorithm: .es256, key: AllSignatures.Key(kind: .p256)),
    TokenKey(id: Array("a".utf8), algorithm: .hs256, key: AllSignatures.Key(kind: .secret)),
  ], with: AllSignatures())

private func checkToken(_ token: [UInt8]) {
  do throws(TokenFault) {
    let verified = try verifier.verify(token, now: now)
    require(verified.expiresAt.map { $0 > now } ?? true, "it has not expired")
    require(
      verified.allowance.publish.count <= JWTLimits.patternCountMaximum
        && verified.allowance.subscribe.count <= JWTLimits.patternCountMaximum, "patterns are few")
    require((try? verifier.verify(token, now: now)) == verified, "it says the same each time")
    if let end = verified.expiresAt {
      require((try? verifier.verify(token, now: end)) == nil, "it ends")
    }
    let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    require(parts.count == 3, "it has three parts")
    for part in parts {
      require(TokenText.decode(part).map(encode)?.elementsEqual(part) ?? false, "one spelling")
    }
  } catch {
    let text = Array(error.description.utf8)
    require(text.count < 300, "a fault is short: \(error)")
    require(text.allSatisfy { (0x20..<0x7F).contains($0) }, "a fault is a line: \(error)")
  }
}

private func checkKeys(_ bytes: [UInt8]) {
  do throws(KeyFileFault) {
    let keys = try KeyFile(bytes, permissions: 0o600, at: "keys")
      .keys(for: JWTAlgorithmName.allCases, with: AllSignatures())
    require(!keys.isEmpty && keys.count <= 2 * JWTLimits.keyCountMaximum, "keys are some")
    for key in keys {
      require(key.algorithm.keyKind == key.key.kind, "a key serves its own algorithm")
      require((key.id?.count ?? 0) <= JWTLimits.keyIDByteCountMaximum, "a name is short")
    }
  } catch {
    require(error.description.utf8.count < 600, "a fault is short: \(error)")
  }
}

private func encode(_ bytes: some Collection<UInt8>) -> [UInt8] {
  let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
  var text: [UInt8] = []
  var (bits, bitCount): (UInt32, Int) = (0, 0)
  for byte in bytes {
    bits = bits << 8 | UInt32(byte)
    bitCount += 8
    while bitCount >= 6 {
      bitCount -= 6
      text.append(letters[Int(bits >> bitCount & 63)])
    }
  }
  if bitCount > 0 { text.append(letters[Int(bits << (6 - bitCount) & 63)]) }
  return text
}
