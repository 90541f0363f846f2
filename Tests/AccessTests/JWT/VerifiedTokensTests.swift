import Testing

@testable import Access

struct VerifiedTokensTests {
  private func token(_ number: Int) -> VerifiedTokens.Entry {
    VerifiedTokens.Entry(
      grant: number,
      token: VerifiedToken(
        user: UserName("\(number)"), allowance: Allowance(), expiresAt: nil, begins: nil,
        terms: hash(0)))
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
}
