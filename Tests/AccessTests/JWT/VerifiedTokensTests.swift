import Foundation
import Testing

@testable import Access

struct VerifiedTokensTests {
  private func token(_ number: Int) -> VerifiedToken {
    VerifiedToken(
      user: "\(number)", publish: [], subscribe: [], expiresAt: nil, begins: nil)
  }

  private func hash(_ number: Int) -> TokenHash {
    TokenHash(of: Array("\(number)".utf8), by: StandInSignatures())
  }

  @Test func `what was verified is remembered, within the limit`() {
    let tokens = VerifiedTokens()
    #expect(tokens[hash(0)] == nil)
    for number in 0..<20_000 {
      tokens[hash(number)] = token(number)
      #expect(tokens.count <= JWTLimits.verifiedTokenCountMaximum)
    }
    #expect(tokens[hash(0)] == nil)
    #expect(tokens[hash(19_999)] == token(19_999))
    #expect(tokens.count >= JWTLimits.verifiedTokenCountMaximum / 2)
  }

  @Test func `what is asked for stays`() {
    let tokens = VerifiedTokens()
    for number in 0..<20_000 {
      tokens[hash(number)] = token(number)
      #expect(tokens[hash(7)] == (number < 7 ? nil : token(7)))
    }
  }

  @Test func `many threads find what each of them has put there`() {
    let verifier = JWTVerifierTests.verifier()
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for number in 0..<600 {
        // Some are of one thread alone, some of all.
        let name = number % 2 == 0 ? "\(number)" : "\(thread)-\(number)"
        let token = JWTVerifierTests.token(claims: "{\"sub\":\"\(name)\"}")
        let verified = try? verifier.verify(token, now: JWTVerifierTests.now)
        #expect(verified?.user == name)
      }
    }
  }
}
