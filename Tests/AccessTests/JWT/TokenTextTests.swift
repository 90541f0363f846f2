import Foundation
import Support
import Testing

@testable import Access

struct TokenTextTests {
  @Test func `all bytes have one text, which is read`() {
    var random = SeededGenerator()
    for count in 0..<200 {
      let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
      let text = Data(bytes).base64EncodedString().replacing("+", with: "-").replacing(
        "/", with: "_"
      )
      .replacing("=", with: "")
      #expect(Tokens.encode(bytes) == text)
      #expect(TokenText.decode(Array(text.utf8)) == bytes)
    }
  }

  @Test(arguments: [
    "A", "AAAAA", "AA==", "AA=", "AAA=", "AA\n", " AA", "A A", "AB", "AAB", "//", "++", "A\u{0}",
    "\u{E9}", "====",
  ])
  func `anything else is none`(text: String) {
    #expect(TokenText.decode(Array(text.utf8)) == nil)
  }
}
