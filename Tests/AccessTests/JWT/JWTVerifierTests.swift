import Testing

@testable import Access

struct JWTVerifierTests {
  /// The moment of these tests, in milliseconds since 1970.
  static let now: Int64 = 1_795_608_000_000
  static let seconds = now / 1000

  static let key = StandInSignatures.Key(kind: .p256, content: [1])
  static let other = StandInSignatures.Key(kind: .p256, content: [2])
  static let secret = StandInSignatures.Key(kind: .secret, content: [3])

  static let keys = [
    TokenKey(id: Array("a".utf8), algorithm: .es256, key: key),
    TokenKey(id: Array("b".utf8), algorithm: .es256, key: other),
    TokenKey(id: nil, algorithm: .hs256, key: secret),
  ]

  static func verifier(
    issuer: String? = nil, audience: String? = nil, user: String = "sub",
    algorithms: [JWTAlgorithmName] = [.es256]
  ) -> JWTVerifier {
    JWTVerifier(
      JWTRules(
        keysPath: "keys", algorithms: algorithms, issuer: issuer, audience: audience,
        userClaim: user), keys: keys, with: StandInSignatures())
  }

  private func fault(
    _ token: [UInt8], _ verifier: JWTVerifier = Self.verifier()
  ) -> TokenFault? {
    // Asked twice: what is refused is not remembered.
    var faults: [TokenFault?] = []
    for _ in 0..<2 {
      do throws(TokenFault) {
        _ = try verifier.verify(token, now: Self.now)
        faults.append(nil)
      } catch {
        faults.append(error)
      }
    }
    #expect(faults[0] == faults[1])
    return faults[0]
  }

  static func token(
    header: String = #"{"alg":"ES256","kid":"a"}"#, claims: String = "{}",
    by key: StandInSignatures.Key = key
  ) -> [UInt8] { Tokens.token(header, claims, by: key) }

  // MARK: - Claims

  private static let noName = TokenFault.malformed(
    "the user's name is empty, longer than 255 bytes, or has control characters")

  /// Claims, and what comes of them with an issuer `i`, an audience `w` and the user in `sub`.
  struct Case: CustomTestStringConvertible, Sendable {
    let claims: String
    let fault: TokenFault?
    init(_ claims: String, _ fault: TokenFault?) { (self.claims, self.fault) = (claims, fault) }
    var testDescription: String { claims }
  }

  private static let good = #""iss":"i","aud":"w""#

  @Test(arguments: [
    Case("{\(good)}", nil),
    // The issuer, to the byte.
    Case(#"{"aud":"w"}"#, .wrongIssuer), Case(#"{"iss":"I","aud":"w"}"#, .wrongIssuer),
    Case(#"{"iss":"","aud":"w"}"#, .wrongIssuer), Case(#"{"iss":"i/","aud":"w"}"#, .wrongIssuer),
    Case(#"{"iss":1,"aud":"w"}"#, .malformed("its claim 'iss' is no text")),
    Case(#"{"iss":["i"],"aud":"w"}"#, .malformed("its claim 'iss' is no text")),
    Case(#"{"iss":null,"aud":"w"}"#, .malformed("its claim 'iss' is no text")),
    Case(#"{"\u0069ss":"\u0069","aud":"w"}"#, nil),
    // The audience, as a text or in a list.
    Case(#"{"iss":"i"}"#, .wrongAudience), Case(#"{"iss":"i","aud":"x"}"#, .wrongAudience),
    Case(#"{"iss":"i","aud":["x","w"]}"#, nil), Case(#"{"iss":"i","aud":[]}"#, .wrongAudience),
    Case(#"{"iss":"i","aud":["ww","W"]}"#, .wrongAudience),
    Case(
      #"{"iss":"i","aud":["w",1]}"#,
      .malformed("its claim 'aud' is neither a text nor a list of texts")),
    Case(
      #"{"iss":"i","aud":[["w"]]}"#,
      .malformed("its claim 'aud' is neither a text nor a list of texts")),
    Case(
      #"{"iss":"i","aud":{"w":1}}"#,
      .malformed("its claim 'aud' is neither a text nor a list of texts")),
    // Times.
    Case("{\(good),\"exp\":\(seconds + 1)}", nil), Case("{\(good),\"exp\":\(seconds)}", .expired),
    Case("{\(good),\"exp\":\(seconds).001}", nil), Case("{\(good),\"exp\":\(seconds).0}", .expired),
    Case("{\(good),\"exp\":-1}", .expired), Case("{\(good),\"exp\":0}", .expired),
    Case("{\(good),\"exp\":1e10}", nil), Case("{\(good),\"exp\":1e300}", nil),
    Case("{\(good),\"exp\":1e999}", nil), Case("{\(good),\"exp\":-1e999}", .expired),
    Case("{\(good),\"exp\":99999999999999999999999999}", nil),
    Case("{\(good),\"nbf\":99999999999999999999999999}", .notYet),
    Case("{\(good),\"nbf\":-1e999}", nil), Case("{\(good),\"nbf\":1e999}", .notYet),
    Case("{\(good),\"nbf\":\(seconds + 30)}", nil),
    Case("{\(good),\"nbf\":\(seconds + 31)}", .notYet),
    Case("{\(good),\"nbf\":\(seconds + 30).5}", .notYet),
    Case(
      "{\(good),\"exp\":\"\(seconds + 9)\"}",
      .malformed("its claim 'exp' is no number of seconds since 1970")),
    Case(
      "{\(good),\"exp\":null}", .malformed("its claim 'exp' is no number of seconds since 1970")),
    Case(
      "{\(good),\"exp\":true}", .malformed("its claim 'exp' is no number of seconds since 1970")),
    Case(
      "{\(good),\"nbf\":\"0\"}", .malformed("its claim 'nbf' is no number of seconds since 1970")),
    Case("{\(good),\"nbf\":[0]}", .malformed("its claim 'nbf' is no number of seconds since 1970")),
    // The user.
    Case("{\(good),\"sub\":1}", .malformed("its claim 'sub' is no text")),
    Case("{\(good),\"sub\":null}", .malformed("its claim 'sub' is no text")),
    Case("{\(good),\"sub\":[\"u\"]}", .malformed("its claim 'sub' is no text")),
    Case("{\(good),\"sub\":\"\"}", noName), Case("{\(good),\"sub\":\"a\\u0000\"}", noName),
    Case("{\(good),\"sub\":\"a\\u0085\"}", noName),
    Case("{\(good),\"sub\":\"\(String(repeating: "u", count: 256))\"}", noName),
    Case("{\(good),\"sub\":\"\(String(repeating: "\u{E9}", count: 128))\"}", noName),
    Case("{\(good),\"sub\":\"\(String(repeating: "u", count: 255))\"}", nil),
    Case(
      "{\(good),\"sub\":\"\\ud800\"}",
      .malformed("its claims are not JSON in which each name stands once")),
    // Patterns.
    Case("{\(good),\"weir\":{}}", nil), Case("{\(good),\"weir\":{\"publish\":[]}}", nil),
    Case("{\(good),\"weir\":null}", .malformed("its claim 'weir' is no object")),
    Case("{\(good),\"weir\":[\">\"]}", .malformed("its claim 'weir' is no object")),
    Case("{\(good),\"weir\":\">\"}", .malformed("its claim 'weir' is no object")),
    Case(
      "{\(good),\"weir\":{\"publish\":\">\"}}",
      .malformed("'publish' in its claim 'weir' is no list")),
    Case(
      "{\(good),\"weir\":{\"subscribe\":[\"a\",7]}}",
      .malformed("'subscribe' in its claim 'weir' holds something that is no text")),
    Case(
      "{\(good),\"weir\":{\"subscribe\":[\"a\",\"b.>.c\"]}}",
      .malformed("'subscribe' in its claim 'weir' holds something that is no pattern")),
    Case(
      "{\(good),\"weir\":{\"publish\":[],\"deny\":[]}}",
      .malformed("its claim 'weir' has a member that is neither 'publish' nor 'subscribe'")),
    Case(
      "{\(good),\"weir\":{\"publish\":[\(Array(repeating: "\"a\"", count: 101).joined(separator: ","))]}}",
      .malformed("'publish' in its claim 'weir' has more than 100 patterns")),
    // What is not one JSON object.
    Case("", .malformed("its claims are not JSON in which each name stands once")),
    Case("[]", .malformed("its claims are no JSON object")),
    Case("\"a\"", .malformed("its claims are no JSON object")),
    Case("{\(good)}x", .malformed("its claims are not JSON in which each name stands once")),
    Case("{\(good),}", .malformed("its claims are not JSON in which each name stands once")),
    Case(
      "{\(good),\"exp\":1,\"exp\":\(seconds + 9)}",
      .malformed("its claims are not JSON in which each name stands once")),
    Case(
      "{\(good),\"sub\":\"a\",\"\\u0073ub\":\"b\"}",
      .malformed("its claims are not JSON in which each name stands once")),
    Case(
      "{\(good),\"weir\":{\"publish\":[],\"publish\":[\">\"]}}",
      .malformed("its claims are not JSON in which each name stands once")),
    Case(
      "{\(good),\"x\":\(String(repeating: "[", count: 2000))\(String(repeating: "]", count: 2000))}",
      .malformed("its claims are not JSON in which each name stands once")),
  ])
  func `claims are held against the rules`(test: Case) {
    let verifier = Self.verifier(issuer: "i", audience: "w")
    #expect(fault(Self.token(claims: test.claims), verifier) == test.fault)
  }

  @Test func `what a token says is handed on as it stands there`() throws {
    let claims =
      "{\"sub\":\"Zo\u{E9} \\u2603\",\"exp\":\(Self.seconds + 1).2344,"
      + #""weir":{"subscribe":["users.{user}.>","b"],"publish":["a.*"]},"role":{"sub":"x"}}"#
    let token = try Self.verifier().verify(Self.token(claims: claims), now: Self.now)
    #expect(token.user?.text == "Zo\u{E9} \u{2603}")
    #expect(token.allowance.subscribe.map(\.description) == ["users.{user}.>", "b"])
    #expect(token.allowance.publish.map(\.description) == ["a.*"])
    #expect(token.expiresAt == Self.now + 1234)
  }

  @Test func `without claims nobody is named and nothing ends`() throws {
    let token = try Self.verifier().verify(Self.token(), now: Self.now)
    #expect(token.user == nil && token.allowance == Allowance())
    #expect(token.expiresAt == nil && token.begins == nil)
  }

  @Test func `the user stands in the claim that the rules name`() throws {
    let token = Self.token(claims: #"{"sub":"a","https://example.org/user":"b","n":7}"#)
    let verifier = Self.verifier(user: "https://example.org/user")
    #expect(try verifier.verify(token, now: Self.now).user?.text == "b")
    #expect(try Self.verifier(user: "other").verify(token, now: Self.now).user == nil)
    #expect(fault(token, Self.verifier(user: "n")) == .malformed("its claim 'n' is no text"))
  }

  @Test func `a token for somebody is for nobody where the rules say no audience`() {
    #expect(fault(Self.token(claims: #"{"aud":"shop"}"#)) == .wrongAudience)
  }

  // MARK: - Headers

  struct Header: CustomTestStringConvertible, Sendable {
    let text: String
    let fault: TokenFault?
    init(_ text: String, _ fault: TokenFault?) { (self.text, self.fault) = (text, fault) }
    var testDescription: String { String(text.prefix(80)) }
  }

  @Test(arguments: [
    Header(#"{"alg":"ES256"}"#, nil), Header(#"{"alg":"ES256","kid":"a"}"#, nil),
    Header(#"{"typ":"JWT","alg":"ES256","kid":"a","x5t":"x","cty":1}"#, nil),
    Header(#"{"\u0061lg":"ES\u003256"}"#, nil),
    // A key that the token brings itself is never used: the one that is here is right or wrong.
    Header(
      #"{"alg":"ES256","kid":"a","jwk":{"kty":"EC"},"jku":"http://x","x5u":"http://x","x5c":["x"]}"#,
      nil),
    Header(#"{"alg":"none"}"#, .unknownAlgorithm("none")),
    Header(#"{"alg":"None"}"#, .unknownAlgorithm("None")),
    Header(#"{"alg":"nOnE"}"#, .unknownAlgorithm("nOnE")),
    Header(#"{"alg":"es256"}"#, .unknownAlgorithm("es256")),
    Header(#"{"alg":"ES256 "}"#, .unknownAlgorithm("an unknown algorithm")),
    Header(#"{"alg":""}"#, .unknownAlgorithm("an unknown algorithm")),
    Header(#"{"alg":"ES512"}"#, .unknownAlgorithm("ES512")),
    Header(#"{"alg":"<script>"}"#, .unknownAlgorithm("an unknown algorithm")),
    Header(#"{"alg":"ES256\n"}"#, .unknownAlgorithm("an unknown algorithm")),
    Header(
      "{\"alg\":\"\(String(repeating: "a", count: 99))\"}",
      .unknownAlgorithm("an unknown algorithm")),
    // Known, but not in the list.
    Header(#"{"alg":"HS256"}"#, .unknownAlgorithm("HS256")),
    Header(#"{"alg":"RS256"}"#, .unknownAlgorithm("RS256")),
    Header(#"{"alg":"EdDSA"}"#, .unknownAlgorithm("EdDSA")),
    Header(#"{"alg":["ES256"]}"#, .malformed("its header names no algorithm ('alg')")),
    Header(#"{"alg":null}"#, .malformed("its header names no algorithm ('alg')")),
    Header(#"{"alg":7}"#, .malformed("its header names no algorithm ('alg')")),
    Header(#"{"kid":"a"}"#, .malformed("its header names no algorithm ('alg')")),
    Header("{}", .malformed("its header names no algorithm ('alg')")),
    Header("[]", .malformed("its header names no algorithm ('alg')")),
    Header("", .malformed("its header is not JSON")),
    Header("x", .malformed("its header is not JSON")),
    Header(#"{"alg":"ES256","alg":"none"}"#, .malformed("its header is not JSON")),
    Header(
      #"{"alg":"ES256","x":\#(String(repeating: "[", count: 3000))}"#,
      .malformed("its header is not JSON")),
    // Extensions.
    Header(
      #"{"alg":"ES256","crit":["exp"]}"#,
      .malformed("its header has extensions ('crit' or 'b64'), of which weir knows none")),
    Header(
      #"{"alg":"ES256","crit":[]}"#,
      .malformed("its header has extensions ('crit' or 'b64'), of which weir knows none")),
    Header(
      #"{"alg":"ES256","b64":false}"#,
      .malformed("its header has extensions ('crit' or 'b64'), of which weir knows none")),
    // Names of keys.
    Header(#"{"alg":"ES256","kid":"b"}"#, .wrongSignature),
    Header(#"{"alg":"ES256","kid":"c"}"#, .unknownKey),
    Header(#"{"alg":"ES256","kid":""}"#, .unknownKey),
    Header(#"{"alg":"ES256","kid":"A"}"#, .unknownKey),
    Header(#"{"alg":"ES256","kid":"../../dev/null"}"#, .unknownKey),
    Header(#"{"alg":"ES256","kid":"a' OR '1'='1"}"#, .unknownKey),
    Header(#"{"alg":"ES256","kid":"a\u0000"}"#, .unknownKey),
    Header("{\"alg\":\"ES256\",\"kid\":\"\(String(repeating: "a", count: 5000))\"}", .unknownKey),
    Header(#"{"alg":"ES256","kid":7}"#, .malformed("its header's 'kid' is no text")),
    Header(#"{"alg":"ES256","kid":["a"]}"#, .malformed("its header's 'kid' is no text")),
    Header(#"{"alg":"ES256","kid":null}"#, .malformed("its header's 'kid' is no text")),
  ])
  func `a header chooses among the keys that are here`(header: Header) {
    #expect(fault(Self.token(header: header.text)) == header.fault)
  }

  @Test func `a key serves its own algorithm only`() {
    let verifier = Self.verifier(algorithms: [.hs256, .es256])
    // The classic: what is public of a key taken for a secret.
    let forged = StandInSignatures.Key(kind: .secret, content: Self.key.content)
    #expect(
      fault(Self.token(header: #"{"alg":"HS256","kid":"a"}"#, by: forged), verifier)
        == .wrongSignature)
    #expect(
      fault(Self.token(header: #"{"alg":"HS256"}"#, by: Self.key), verifier) == .wrongSignature)
    #expect(
      fault(Self.token(header: #"{"alg":"HS256","kid":"z"}"#, by: Self.secret), verifier) == nil)
    #expect(
      fault(Self.token(header: #"{"alg":"ES256"}"#, by: Self.secret), verifier) == .wrongSignature)
  }

  @Test func `a token that names no key is tried with a few`() {
    func verifier(_ count: Int) -> JWTVerifier {
      JWTVerifier(
        JWTRules(keysPath: "keys", algorithms: [.es256]),
        keys: (1...count).map {
          TokenKey(
            id: Array("\($0)".utf8), algorithm: .es256,
            key: StandInSignatures.Key(kind: .p256, content: [UInt8($0)]))
        }, with: StandInSignatures())
    }
    let last = StandInSignatures.Key(kind: .p256, content: [8])
    let token = Self.token(header: #"{"alg":"ES256"}"#, by: last)
    #expect(fault(token, verifier(8)) == nil)
    #expect(fault(token, verifier(9)) == .unknownKey)
    #expect(fault(Self.token(header: #"{"alg":"ES256","kid":"8"}"#, by: last), verifier(9)) == nil)
  }

  // MARK: - Parts

  @Test func `a token has three parts in base64url`() {
    let token = String(decoding: Self.token(), as: UTF8.self)
    let parts = token.split(separator: ".").map(String.init)
    let unpadded = TokenFault.malformed(
      "a part of it is not base64url as RFC 7515 has it, without padding")
    func count(_ count: Int) -> TokenFault {
      .malformed("it has \(count) parts with dots between instead of 3")
    }
    let cases: [(String, TokenFault)] = [
      ("", .unknown), ("x", .unknown), (parts[0], .unknown), (parts[0] + "." + parts[1], count(2)),
      (token + ".", count(4)), (token + ".x", count(4)), ("." + token, count(4)),
      (token + ".x.x", .malformed("it is encrypted, and weir reads signed ones only")),
      (token + ".x.x.x", count(6)), ("..", .malformed("its header is not JSON")),
      (token + "=", unpadded), (token + " ", unpadded), (" " + token, unpadded),
      (token + "\n", unpadded), (parts[0] + "=.\(parts[1]).\(parts[2])", unpadded),
      (parts[0] + ".e30=.\(parts[2])", unpadded), (parts[0] + ".e3 0.\(parts[2])", unpadded),
      (parts[0] + ".e31.\(parts[2])", unpadded), (parts[0] + ".e.\(parts[2])", unpadded),
      (parts[0] + ".+/+/.\(parts[2])", unpadded), (parts[0] + ".\u{E9}0.\(parts[2])", unpadded),
      (parts[0] + "..\(parts[2])", .wrongSignature), (parts[0] + ".\(parts[1]).", .wrongSignature),
      (parts[0] + ".e30.\(parts[2].dropLast(3))", .wrongSignature),
      (String(repeating: ".", count: 8192), count(8193)),
      (String(repeating: ".", count: 8193), .tooLarge),
      (String(repeating: "a", count: 16 << 10), .tooLarge),
    ]
    for (text, wanted) in cases {
      #expect(fault(Array(text.utf8)) == wanted, "\(text.prefix(90))")
    }
  }

  @Test func `a token may be as long as the limit`() {
    func token(_ count: Int) -> [UInt8] {
      Self.token(claims: "{\"x\":\"\(String(repeating: "a", count: count))\"}")
    }
    var count = 6000
    while token(count).count < JWTLimits.tokenByteCountMaximum - 3 { count += 1 }
    #expect(token(count).count <= JWTLimits.tokenByteCountMaximum)
    #expect(fault(token(count)) == nil)
    #expect(fault(token(count + 6)) == .tooLarge)
  }

  @Test func `no fault repeats a token`() {
    let token = Self.token(
      header: #"{"alg":"ES256","kid":"geheim"}"#, claims: #"{"sub":["geheim"],"iss":"geheim"}"#)
    for verifier in [Self.verifier(), Self.verifier(issuer: "i"), Self.verifier(audience: "w")] {
      let text = fault(token, verifier)?.description ?? ""
      #expect(!text.contains("geheim"))
    }
  }
}
