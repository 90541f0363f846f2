import Testing

@testable import Hub

struct ExcerptTests {
  @Test func `a text is cut by its bytes, between two scalars, however few characters it has`() {
    let one = "e" + String(repeating: "\u{301}", count: 30_000)
    #expect(one.count == 1)
    #expect(one.excerpt(byteCountMaximum: 64).utf8.count == 63)
    #expect("äöü".excerpt(byteCountMaximum: 3) == "ä")
    #expect("äöü".excerpt(byteCountMaximum: 6) == "äöü")
    #expect("🙂".excerpt(byteCountMaximum: 3) == "")
  }
}
