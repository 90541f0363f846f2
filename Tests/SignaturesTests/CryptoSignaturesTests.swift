import Access
import Crypto
import CryptoExtras
import Foundation
import Support
import Testing

@testable import Signatures

struct CryptoSignaturesTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory(inMemory: true) }

  private func verifier(
    _ file: [UInt8], _ algorithms: [JWTAlgorithmName] = JWTAlgorithmName.allCases
  ) throws -> JWTVerifier {
    try directory.write(file, to: "keys")
    let path = directory.path.appending("keys").string
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return try JWTVerifier(
      JWTRules(keysPath: path, algorithms: algorithms), with: CryptoSignatures())
  }

  private func fault(_ token: [UInt8], _ verifier: JWTVerifier) -> TokenFault? {
    do throws(TokenFault) {
      _ = try verifier.verify(token, now: 0)
      return nil
    } catch {
      return error
    }
  }

  private static var set: [UInt8] {
    let signers: [Signer] = [.hs256, .es256, .es384, .rs256, .edDSA]
    return Array("{\"keys\":[\(signers.map(\.jwk).joined(separator: ","))]}".utf8)
  }

  @Test(arguments: Signer.allCases)
  func `each algorithm takes its own signatures and no others`(signer: Signer) throws {
    for file in [Array(signer.jwk.utf8), signer.file, Self.set] {
      let verifier = try verifier(file)
      #expect(try verifier.verify(signer.token(#"{"sub":"a"}"#), now: 0).user?.text == "a")
      // The same claims under the signature of others.
      var token = try signer.token(#"{"sub":"a"}"#)
      token[token.count - 10] = token[token.count - 10] == 65 ? 66 : 65
      #expect(fault(token, verifier) == .wrongSignature)
    }
    let set = try verifier(Self.set)
    for named in Signer.allCases where named.algorithm.keyKind != signer.algorithm.keyKind {
      // Signed by one algorithm, naming another.
      #expect(fault(try signer.token(naming: named.algorithm), set) == .wrongSignature)
    }
    let only = try verifier(Self.set, [signer.algorithm])
    for other in Signer.allCases where other.algorithm != signer.algorithm {
      #expect(fault(try other.token(), only) == .unknownAlgorithm(other.algorithm.rawValue))
    }
  }

  @Test(arguments: Signer.allCases)
  func `signatures of other lengths are wrong`(signer: Signer) throws {
    let verifier = try verifier(Self.set)
    let token = String(decoding: try signer.token(), as: UTF8.self)
    let end = token.lastIndex(of: ".") ?? token.endIndex
    let signed = token[..<end]
    let signature = try signer.signature(of: Array(signed.utf8))
    for changed in [
      [], [0], Array(signature.dropLast()), signature + [0], [0] + signature,
      [UInt8](repeating: 0, count: signature.count), signature + signature,
      [UInt8](repeating: 255, count: signature.count),
    ] {
      let text = signed + "." + Signer.base64URL(Data(changed))
      #expect(fault(Array(text.utf8), verifier) == .wrongSignature)
    }
  }

  @Test func `a public key is no secret`() throws {
    for signer in [Signer.es256, .rs256, .edDSA] {
      // HS256 with what everybody knows of the key, in each of its forms.
      for secret in [signer.file, Array(signer.jwk.utf8), Array(signer.file.dropLast())] {
        let header = Signer.base64URL(Data(#"{"alg":"HS256"}"#.utf8))
        let signed = header + "." + Signer.base64URL(Data("{}".utf8))
        let signature = HMAC<SHA256>.authenticationCode(
          for: Data(signed.utf8), using: SymmetricKey(data: secret))
        let token = Array((signed + "." + Signer.base64URL(Data(signature))).utf8)
        #expect(fault(token, try verifier(signer.file)) == .unknownKey)
        #expect(fault(token, try verifier(Self.set)) == .wrongSignature)
        #expect(
          fault(token, try verifier(signer.file, [signer.algorithm])) == .unknownAlgorithm("HS256"))
      }
      #expect(throws: KeyFileFault.self) { try verifier(signer.file, [.hs256]) }
    }
  }

  @Test(arguments: Signer.allCases)
  func `private keys are refused`(signer: Signer) throws {
    guard let file = signer.privateFile else { return }
    do {
      _ = try verifier(file)
      Issue.record("taken")
    } catch {
      #expect("\(error)".contains("key 1: it is a private key, which only who signs may have"))
    }
  }

  @Test func `keys that are none are refused`() throws {
    let zero = Signer.base64URL(Data(count: 32))
    let one = Signer.base64URL(Data(repeating: 1, count: 32))
    let wide = Signer.base64URL(Data(repeating: 1, count: 48))
    for (key, wanted) in [
      (#"{"kty":"EC","crv":"P-256","x":"\#(zero)","y":"\#(zero)"}"#, "it is no public key"),
      (#"{"kty":"EC","crv":"P-256","x":"\#(one)","y":"\#(one)"}"#, "it is no public key"),
      (#"{"kty":"EC","crv":"P-384","x":"\#(wide)","y":"\#(wide)"}"#, "it is no public key"),
      (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, "it has 17 bits, which can be broken"),
      (
        #"{"kty":"RSA","n":"\#(Signer.base64URL(Data(repeating: 0xFF, count: 1025)))","e":"AQAB"}"#,
        "it has 8200 bits, which take too long"
      ),
      (
        #"{"kty":"RSA","n":"\#(Signer.base64URL(Data(repeating: 0xFF, count: 256)))","e":"AA"}"#,
        "it is no public key"
      ),
    ] {
      do {
        _ = try verifier(Array(key.utf8))
        Issue.record("taken: \(key)")
      } catch {
        #expect("\(error)".contains("key 1: " + wanted), "\(error)")
      }
    }
  }

  /// Of `openssl genpkey`: RSA of 1024 bits, which is too short, and P-521, which weir does not know.
  @Test(arguments: [
    (
      """
      -----BEGIN PUBLIC KEY-----
      MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC3NphdrJ+z7UyNVrlUU2GTq8Fu
      B8t3BZHUVcKGfLMX9Jon0cYhInxs+ZKY+49qJazEZhE4J+ftX/BnhpALpEbx6fLB
      JAolrjbevyjAjf7CFolA2VC/0Emwhc0UVyFVwaEDmHTERo8Dh7mX9fUWLKahvWSm
      zN+zX3MxzRMIKIC6TwIDAQAB
      -----END PUBLIC KEY-----
      """, "it has 1024 bits, which can be broken"
    ),
    (
      """
      -----BEGIN PUBLIC KEY-----
      MIGbMBAGByqGSM49AgEGBSuBBAAjA4GGAAQAbdahNxMPek8sB4TP/3mCKOcn6h8J
      ZvdRr0U3dCbthZTSVHtwyJbEEvFp9DAy4VZzzWi4GSkMYAb7HAEpnZVn4YQAhYES
      3pSC739iS4LjNNktWj18UvqsRZ9mTEiut2MrrMv7JsvIz4P1/TSmvfIWAVwOGjPG
      Jl4Ut/scgvRQ3NVSCxA=
      -----END PUBLIC KEY-----
      """, "it is no public key of a kind that weir knows"
    ),
  ])
  func `keys of other kinds in PEM are refused`(pem: String, wanted: String) {
    do {
      _ = try verifier(Array(pem.utf8))
      Issue.record("taken")
    } catch {
      #expect("\(error)".contains("key 1: " + wanted), "\(error)")
    }
  }

  /// The examples of RFC 7515 (A.1 to A.3) and RFC 8037 (A.4): key, token without its dots' neighbours, user.
  @Test(arguments: [
    (
      #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj"#
        + #"0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTk"
        + "zODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbU"
        + "JU1p1r_wW1gFWFOEjXk"
    ),
    (
      #"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfH"#
        + #"Qp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ4"#
        + #"7soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapH"#
        + #"g665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGN"#
        + #"j8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#,
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
        + "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2Vt"
        + "Qgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
        + "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN"
        + "9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI"
        + "8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
    ),
    (
      #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"#
        + #""x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9"
        + "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXF"
        + "CgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    ),
  ])
  func `tokens of others are verified`(key: String, token: String) throws {
    let verifier = try verifier(Array(key.utf8))
    let verified = try verifier.verify(Array(token.utf8), now: 1_300_819_379_999)
    #expect(verified.expiresAt == 1_300_819_380_000)
    #expect(throws: TokenFault.expired) {
      try verifier.verify(Array(token.utf8), now: 1_300_819_380_000)
    }
  }

  @Test func `a signature of Ed25519 by others is verified`() throws {
    // Its text is no object: the signature is right, the claims are none.
    let verifier = try verifier(
      Array(
        #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#.utf8))
    let token =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1P"
      + "POt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    #expect(
      fault(Array(token.utf8), verifier)
        == .malformed("its claims are not JSON in which each name stands once"))
    #expect(fault(Array(token.dropLast().utf8) + [UInt8(ascii: "Q")], verifier) == .wrongSignature)
  }

  @Test func `mutated tokens are refused by each algorithm`() throws {
    var random = SeededGenerator()
    let verifier = try verifier(Self.set)
    for signer in Signer.allCases {
      let token = try signer.token(#"{"sub":"a","weir":{"publish":["a.>"]}}"#)
      #expect(fault(token, verifier) == nil)
      for _ in 0..<200 {
        var changed = token
        let place = Int.random(in: 0..<changed.count, using: &random)
        let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        changed[place] = Array(letters.utf8).randomElement(using: &random) ?? 0
        guard changed != token else { continue }
        #expect(fault(changed, verifier) != nil, "\(String(decoding: changed, as: UTF8.self))")
      }
    }
  }

  @Test func `hashes are those of the standard`() {
    let hash = TokenHash(of: Array("abc".utf8), by: CryptoSignatures())
    #expect(
      hash.description
        == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
