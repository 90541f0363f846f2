import Testing

@testable import Access

struct TokenHashTests {
  /// Gives what it is given for a hash, or the same for all.
  private struct Given: SignatureLibrary {
    var hash: [UInt8]?

    func sha256(of bytes: [UInt8]) -> [UInt8] { hash ?? bytes }

    func key(of material: KeyMaterial) throws(KeyMaterialFault) -> any SignatureKey {
      throw .invalid
    }
  }

  @Test func `hashes are the same if all their bits are`() {
    let bytes = (0..<32).map { UInt8($0 * 7) }
    let hash = TokenHash(of: bytes, by: Given())
    #expect(hash == TokenHash(of: bytes, by: Given()))
    #expect(TokenHash(hash.description) == hash)
    for bit in 0..<256 {
      var other = bytes
      other[bit / 8] ^= 1 << (bit % 8)
      #expect(TokenHash(of: other, by: Given()) != hash, "bit \(bit)")
    }
  }

  /// So how long a wrong token takes tells nothing of a right one: nobody can choose what its hash has in common.
  @Test func `of a token nothing but the hash is compared`() {
    let all = Given(hash: Array(repeating: 7, count: 32))
    let kept = TokenHash(of: "weir_right".utf8, by: all)
    for token in ["weir_right", "weir_wrong", "", String(repeating: "x", count: 9999)] {
      #expect(TokenHash(of: token.utf8, by: all) == kept)
    }
  }
}
