import Foundation
import Support
import SystemPackage
import Testing

@testable import Access

struct KeyFileTests {
  private func keys(
    _ bytes: [UInt8], _ algorithms: [JWTAlgorithmName], permissions: UInt32 = 0o600
  ) throws(KeyFileFault) -> [TokenKey] {
    try KeyFile(bytes, permissions: permissions, at: "/etc/weir/keys")
      .keys(for: algorithms, with: StandInSignatures())
  }

  private func fault(
    _ text: String, _ algorithms: [JWTAlgorithmName], permissions: UInt32 = 0o600
  ) -> String? {
    do throws(KeyFileFault) {
      _ = try keys(Array(text.utf8), algorithms, permissions: permissions)
      return nil
    } catch {
      return "\(error)"
    }
  }

  /// What the fault says behind the path and the key.
  private func expect(
    _ wanted: String?, for text: String, _ algorithms: [JWTAlgorithmName],
    permissions: UInt32 = 0o600, location: SourceLocation = #_sourceLocation
  ) {
    let found = fault(text, algorithms, permissions: permissions)
    if let wanted {
      #expect(
        found?.contains(wanted) ?? false, "\(found ?? "taken"): \(text.prefix(80))",
        sourceLocation: location)
      #expect(found?.hasPrefix("/etc/weir/keys: ") ?? true, sourceLocation: location)
      #expect((found?.utf8.count ?? 0) < 400, sourceLocation: location)
    } else {
      #expect(found == nil, "\(text.prefix(80))", sourceLocation: location)
    }
  }

  private static let x = Tokens.encode([UInt8](repeating: 1, count: 32))
  private static let y = Tokens.encode([UInt8](repeating: 2, count: 32))
  private static let wide = Tokens.encode([UInt8](repeating: 3, count: 48))
  private static let modulus = Tokens.encode([UInt8](repeating: 0xF1, count: 256))
  private static let secret = String(repeating: "s", count: 32)

  private static let p256 = #""kty":"EC","crv":"P-256","x":"\#(x)","y":"\#(y)""#
  private static let p384 = #""kty":"EC","crv":"P-384","x":"\#(wide)","y":"\#(wide)""#
  private static let rsa = #""kty":"RSA","n":"\#(modulus)","e":"AQAB""#
  private static let ed25519 = #""kty":"OKP","crv":"Ed25519","x":"\#(x)""#
  private static let oct = #""kty":"oct","k":"\#(Tokens.encode(secret))""#

  // MARK: - JWKS

  @Test func `a set has keys for each algorithm that is listed`() throws {
    let file = """
      {"keys": [{\(Self.p256), "kid": "a"}, {\(Self.p384)}, {\(Self.rsa), "alg": "RS256"},
        {\(Self.ed25519), "use": "sig"}, {\(Self.oct), "key_ops": ["sign", "verify"]}]}
      """
    for algorithm in JWTAlgorithmName.allCases {
      let keys = try keys(Array(file.utf8), [algorithm])
      #expect(keys.map(\.algorithm) == [algorithm])
      #expect(keys.map(\.key.kind) == [algorithm.keyKind])
    }
    let all = try keys(Array(file.utf8), JWTAlgorithmName.allCases)
    #expect(all.map(\.algorithm) == [.es256, .es384, .rs256, .edDSA, .ed25519, .hs256])
    #expect(all.map(\.id) == [Array("a".utf8), nil, nil, nil, nil, nil])
  }

  @Test func `one key is a file, too`() throws {
    #expect(try keys(Array(" {\(Self.p256), \"kid\": \"a\"}\n".utf8), [.es256]).count == 1)
  }

  @Test(arguments: [
    #"{"kty":"RSA","use":"enc","n":"\#(modulus)","e":"AQAB"}"#,
    #"{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}"#, #"{"kty":"EC","crv":"secp256k1"}"#,
    #"{"kty":"OKP","crv":"X25519","x":"\#(x)"}"#, #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}"#,
    #"{\#(rsa),"alg":"RSA-OAEP"}"#, #"{\#(rsa),"alg":"PS256"}"#,
    #"{\#(rsa),"key_ops":["encrypt"]}"#,
    #"{\#(p256),"key_ops":["sign"]}"#, #"{"kty":"ec","crv":"P-256"}"#,
  ])
  func `keys for something else are passed over`(key: String) throws {
    let file = "{\"keys\":[\(key),{\(Self.ed25519)}]}"
    #expect(
      try keys(Array(file.utf8), [.es256, .rs256, .edDSA]).map(\.algorithm) == [.edDSA])
    expect("it has no key for ES256, RS256", for: "{\"keys\":[\(key)]}", [.es256, .rs256])
  }

  @Test func `a key is bound to the algorithm that it names`() throws {
    let file = Array("{\(Self.ed25519),\"alg\":\"EdDSA\"}".utf8)
    #expect(try keys(file, [.edDSA, .ed25519]).map(\.algorithm) == [.edDSA])
    expect("it has no key for Ed25519", for: String(decoding: file, as: UTF8.self), [.ed25519])
    expect(
      "it is a key on P-256, and 'alg' says RS256", for: "{\(Self.p256),\"alg\":\"RS256\"}",
      [.es256])
    expect(
      "it is an RSA key, and 'alg' says HS256", for: "{\(Self.rsa),\"alg\":\"HS256\"}", [.rs256])
    expect("it has no key for HS256", for: "{\(Self.rsa)}", [.hs256])
    expect("it has no key for HS256", for: "{\(Self.p256)}", [.hs256])
  }

  @Test func `private keys are refused wherever they stand`() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth"] {
      for key in [Self.p256, Self.rsa, Self.ed25519] {
        let bad = "{\(key),\"kid\":\"k1\",\"\(member)\":\"c2VjcmV0\"}"
        expect("it is a private key (it has '\(member)')", for: bad, [.es256])
        let found = fault("{\"keys\":[{\(Self.p256)},\(bad)]}", [.es256]) ?? ""
        #expect(found.contains("/etc/weir/keys: key 2 ('k1'): it is a private key"))
        #expect(!found.contains("c2VjcmV0"))
      }
    }
  }

  @Test func `what is wrong with a key is told by its place`() {
    let cases: [(String, [JWTAlgorithmName], String)] = [
      (
        "{", [.es256],
        "it is not JSON, which begins with { or [: it ends in the middle of an object, at byte 1"
      ),
      ("[{\(Self.p256)}]", [.es256], "it is no JSON object: a JWKS is {\"keys\": […]}"),
      ("{}", [.es256], "it is neither a key (with 'kty') nor a set of keys (with 'keys')"),
      (#"{"jwks_uri":"https://x"}"#, [.es256], "put what its 'jwks_uri' names here"),
      (#"{"keys":{}}"#, [.es256], "'keys' is no list"),
      (#"{"keys":[]}"#, [.es256], "it has no key for ES256"),
      (#"{"keys":[7]}"#, [.es256], "key 1: it is no JSON object"),
      (#"{"keys":[{}]}"#, [.es256], "key 1: it has no type ('kty')"),
      (#"{"kty":7}"#, [.es256], "key 1: 'kty' is no text"),
      (#"{\#(Self.p256),"kid":7}"#, [.es256], "'kid' is no text"),
      (#"{\#(Self.p256),"kid":"a","kid":"b"}"#, [.es256], "'kid' stands there twice"),
      (
        #"{\#(Self.p256),"kid":"\#(String(repeating: "k", count: 257))"}"#, [.es256],
        "key 1: its name ('kid') is longer than 256 bytes"
      ),
      (#"{\#(Self.p256),"use":1}"#, [.es256], "'use' is no text"),
      (#"{\#(Self.p256),"key_ops":"verify"}"#, [.es256], "'key_ops' is no list"),
      (#"{"kty":"EC","crv":"P-256","y":"\#(Self.y)"}"#, [.es256], "it has no 'x'"),
      (
        #"{"kty":"EC","crv":"P-256","x":"\#(Self.x)=","y":"\#(Self.y)"}"#, [.es256],
        "'x' is not base64url without padding"
      ),
      (
        #"{"kty":"EC","crv":"P-256","x":"\#(Self.x)","y":"AAAA"}"#, [.es256],
        "'y' has 3 bytes instead of 32"
      ),
      (#"{"kty":"OKP","crv":"Ed25519","x":""}"#, [.edDSA], "'x' is not base64url without padding"),
      (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, [.rs256], "it has 24 bits, which can be broken"),
      (#"{"kty":"oct","k":"c2hvcnQ"}"#, [.hs256], "its secret has 5 bytes, and needs 32"),
    ]
    for (text, algorithms, wanted) in cases { expect(wanted, for: text, algorithms) }
  }

  @Test func `names that cannot be shown are not`() {
    let found = fault(#"{"kty":"EC","crv":"P-256","kid":"a\nb"}"#, [.es256]) ?? ""
    #expect(found == "/etc/weir/keys: key 1: it has no 'x'")
  }

  @Test func `there is a limit of keys`() throws {
    func set(_ count: Int, named: Bool) -> String {
      let keys = (0..<count).map { "{\(Self.p256)\(named ? ",\"kid\":\"\($0)\"" : "")}" }
      return "{\"keys\":[\(keys.joined(separator: ","))]}"
    }
    #expect(try keys(Array(set(64, named: true).utf8), [.es256]).count == 64)
    expect("it has 65 keys, and may have 64", for: set(65, named: true), [.es256])
    #expect(try keys(Array(set(8, named: false).utf8), [.es256]).count == 8)
    expect("more than 8 keys for ES256 have no name (kid)", for: set(9, named: false), [.es256])
  }

  // MARK: - PEM

  private static func pem(_ kind: UInt8, _ label: String = "PUBLIC KEY") -> String {
    let der = Data([kind] + [UInt8](repeating: 9, count: 90)).base64EncodedString()
    return
      "-----BEGIN \(label)-----\n\(der.prefix(64))\n\(der.dropFirst(64))\n-----END \(label)-----\n"
  }

  @Test func `public keys stand in PEM, with text around them`() throws {
    let kinds: [JWTAlgorithmName] = [.es256, .es384, .rs256, .edDSA]
    for (kind, algorithm) in kinds.enumerated() {
      let keys = try keys(Array(Self.pem(UInt8(kind)).utf8), [algorithm])
      #expect(keys.map(\.algorithm) == [algorithm])
      #expect(keys.map(\.id) == [nil])
    }
    let text =
      "the old one:\r\n\(Self.pem(0))\nthe new one:\n\(Self.pem(3).replacing("\n", with: "\r\n"))"
    #expect(try keys(Array(text.utf8), kinds).map(\.algorithm) == [.es256, .edDSA])
    #expect(try keys(Array(text.utf8), [.edDSA]).map(\.algorithm) == [.edDSA])
    expect("it has no key for RS256", for: text, [.rs256])
    expect("key 1: it is no public key of a kind that weir knows", for: Self.pem(9), [.rs256])
  }

  @Test func `other things in PEM are refused with what to do`() {
    let cases = [
      ("PRIVATE KEY", "it is a private key, which only who signs may have"),
      ("EC PRIVATE KEY", "it is a private key"), ("RSA PRIVATE KEY", "it is a private key"),
      ("ENCRYPTED PRIVATE KEY", "it is a private key"),
      ("OPENSSH PRIVATE KEY", "it is a private key"),
      (
        "CERTIFICATE",
        "it is a certificate, whose time and issuer weir would not look at: put its public key here "
          + "(openssl x509 -in /etc/weir/keys -noout -pubkey)"
      ),
      (
        "RSA PUBLIC KEY",
        "it is in an older form: write it anew (openssl rsa -RSAPublicKey_in -in /etc/weir/keys "
          + "-pubout)"
      ),
      ("EC PARAMETERS", "it is 'EC PARAMETERS' and no PUBLIC KEY"),
      ("A\u{7}B", "it is 'something else' and no PUBLIC KEY"),
      (String(repeating: "A", count: 41), "it is 'something else' and no PUBLIC KEY"),
    ]
    for (label, wanted) in cases {
      expect("key 1: " + wanted, for: Self.pem(0, label), [.es256])
      expect("key 2: " + wanted, for: Self.pem(0) + Self.pem(0, label), [.es256, .hs256])
    }
    expect("key 1: it has no end", for: String(Self.pem(0).prefix(60)), [.es256])
    expect("key 1: it has no end", for: "-----BEGIN PUBLIC KEY", [.es256])
    expect("key 1: it has no end", for: "-----BEGIN PUBLIC KEY-------END ", [.es256])
    expect(
      "key 1: what stands in it is not base64",
      for: Self.pem(0).replacing("CQk", with: "C*k"), [.es256])
    expect(
      "it has more than 64 keys", for: String(repeating: Self.pem(0), count: 65), [.es256])
  }

  @Test func `a file without keys says what it should be`() {
    expect("it is empty", for: "", [.es256])
    expect("it is empty", for: " \r\n\t", [.hs256])
    expect("it is neither a JWKS (JSON) nor public keys in PEM", for: "ssh-ed25519 AAAA", [.es256])
    expect("it is neither a JWKS (JSON) nor public keys in PEM", for: Self.secret, [.es256])
  }

  // MARK: - Secrets

  @Test func `a secret is the bytes of its file without the newline at its end`() throws {
    for end in ["", "\n", "\r\n"] {
      let keys = try keys(Array((Self.secret + end).utf8), [.hs256])
      let wanted = StandInSignatures.Key(kind: .secret, content: Array(Self.secret.utf8))
      #expect(keys.map(\.algorithm) == [.hs256])
      #expect(keys[0].key.isValid(wanted.signature(of: [1]), of: [1]))
    }
    let bytes = [0, 255, 10] + [UInt8](repeating: 0x41, count: 40) + [10, 10]
    let wanted = StandInSignatures.Key(kind: .secret, content: bytes.dropLast())
    #expect(try keys(bytes, [.hs256])[0].key.isValid(wanted.signature(of: [1]), of: [1]))
  }

  @Test func `a secret that others can read is none`() {
    for permissions: UInt32 in [0o604, 0o644, 0o664, 0o601, 0o444] {
      for text in [Self.secret, "{\(Self.oct)}"] {
        expect(
          "it holds a secret that others can read: chmod 600 /etc/weir/keys", for: text, [.hs256],
          permissions: permissions)
      }
    }
    for permissions: UInt32 in [0o600, 0o400, 0o640, 0o660] {
      expect(nil, for: Self.secret, [.hs256], permissions: permissions)
    }
    // Public keys may be read, but not written by everybody.
    expect(nil, for: "{\(Self.p256)}", [.es256], permissions: 0o644)
    expect("everybody may write to it", for: "{\(Self.p256)}", [.es256], permissions: 0o646)
    expect("everybody may write to it", for: Self.pem(0), [.es256], permissions: 0o666)
  }

  @Test func `what is short or public is no secret, and is not repeated`() throws {
    expect("its secret has 31 bytes, and needs 32", for: String(Self.secret.dropLast()), [.hs256])
    expect("its secret has 31 bytes", for: Self.secret.dropLast() + "\n", [.hs256])
    expect("it holds a public key, and HS256 needs a secret", for: Self.pem(0), [.hs256])
    let publicKeys = [
      // `openssl pkey -pubout` of each kind without its first and last line, and of RSA in its older form.
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE" + String(repeating: "Q", count: 84) + "AA==",
      "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
      "MIIBCgKCAQEA" + String(repeating: "Q", count: 348),
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ root@host",
      "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAI",
    ]
    for text in publicKeys {
      expect("it holds a public key, and HS256 needs a secret", for: text, [.hs256])
    }
    #expect(throws: KeyFileFault.self) {
      try keys([0x30, 42] + [0x30, 5] + [UInt8](repeating: 7, count: 40), [.hs256])
    }
    #expect(throws: KeyFileFault.self) {
      try keys([0x30, 0x82, 1, 0x22] + [0x30, 5] + [UInt8](repeating: 7, count: 0x120), [.hs256])
    }
    // What only looks a little like it is taken.
    #expect(try keys([0x30, 43, 0x30] + [UInt8](repeating: 7, count: 41), [.hs256]).count == 1)
    let found = fault("geheim", [.hs256]) ?? ""
    #expect(found.contains("6 bytes") && !found.contains("geheim"))
    #expect(!(fault("{\"geheim\": geheim}", [.hs256]) ?? "geheim").contains("geheim"))
  }

  // MARK: - Files

  @Test func `a file is read with its mode`() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path.appending("keys")
    #expect(throws: KeyFileFault.self) { try KeyFile(readingFrom: path) }
    try directory.write(Array(Self.secret.utf8), to: "keys")
    for (mode, isTaken) in [(0o600, true), (0o644, false)] {
      try FileManager.default.setAttributes(
        [.posixPermissions: mode], ofItemAtPath: path.string)
      let rules = JWTRules(keysPath: path.string, algorithms: [.hs256])
      let verifier = try? JWTVerifier(rules, with: StandInSignatures())
      #expect((verifier != nil) == isTaken)
    }
    try directory.write([UInt8](repeating: 32, count: (256 << 10) + 1), to: "keys")
    #expect(throws: KeyFileFault.self) { try KeyFile(readingFrom: path) }
    #expect(throws: KeyFileFault.self) { try KeyFile(readingFrom: directory.path) }
  }

  @Test func `mutated files give keys or a short reason`() {
    var random = SeededGenerator()
    let file = Array(
      "{\"keys\":[{\(Self.p256),\"kid\":\"a\",\"use\":\"sig\"},{\(Self.ed25519)}]}".utf8)
    let letters = Array("{}[]\",:\\ax1-_=\n".utf8)
    for _ in 0..<3000 {
      var changed = file
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        changed[place] = letters.randomElement(using: &random) ?? 0
      }
      do throws(KeyFileFault) {
        #expect(try !keys(changed, [.es256, .edDSA, .hs256]).isEmpty)
      } catch {
        #expect("\(error)".utf8.count < 400)
      }
    }
  }
}
