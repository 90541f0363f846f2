import Support
import Testing

@testable import Access

struct TokenMutationTests {
  private func fault(_ token: [UInt8], _ verifier: JWTVerifier) -> TokenFault? {
    do throws(TokenFault) {
      _ = try verifier.verify(token, now: JWTVerifierTests.now)
      return nil
    } catch {
      return error
    }
  }

  @Test func `mutated tokens are refused, each with a short reason`() {
    var random = SeededGenerator()
    let verifier = JWTVerifierTests.verifier(issuer: "i", audience: "w")
    let header = #"{"alg":"ES256","kid":"a"}"#
    let claims =
      "{\"iss\":\"i\",\"aud\":[\"w\"],\"exp\":\(JWTVerifierTests.seconds + 9),\"sub\":\"u\"}"
    let token = JWTVerifierTests.token(header: header, claims: claims)
    let letters = Array("abcXYZ019-_.=+/ \"{}".utf8)
    for _ in 0..<3000 {
      var changed = token
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<changed.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: changed[place] = letters.randomElement(using: &random) ?? 0
        case 1: changed.insert(letters.randomElement(using: &random) ?? 0, at: place)
        case 2: changed.remove(at: place)
        default: changed[place] = UInt8.random(in: .min ... .max, using: &random)
        }
      }
      guard changed != token else { continue }
      let fault = fault(changed, verifier)
      #expect(fault != nil, "\(changed)")
      #expect((fault?.description.utf8.count ?? 0) < 200)
    }
  }

  @Test func `mutated texts that are signed say what they say or are refused`() {
    var random = SeededGenerator()
    let verifier = JWTVerifierTests.verifier()
    let claims = Array(
      "{\"exp\":\(JWTVerifierTests.seconds + 9),\"sub\":\"u\",\"weir\":{\"publish\":[\"a\"]}}".utf8)
    let letters = Array("0123456789eE.-\"\\u[]{},: ntf".utf8)
    var takenCount = 0
    for _ in 0..<3000 {
      var changed = claims
      let place = Int.random(in: 0..<changed.count, using: &random)
      if Bool.random(using: &random) {
        changed[place] = letters.randomElement(using: &random) ?? 0
      } else {
        changed.insert(letters.randomElement(using: &random) ?? 0, at: place)
      }
      let token = JWTVerifierTests.token(claims: String(decoding: changed, as: UTF8.self))
      guard let verified = try? verifier.verify(token, now: JWTVerifierTests.now) else { continue }
      takenCount += 1
      #expect(verified.expiresAt.map { $0 > JWTVerifierTests.now } ?? true)
      #expect(verified.allowance.publish.count <= 1)
    }
    #expect(takenCount > 100)
  }
}
