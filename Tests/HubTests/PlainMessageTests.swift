import Foundation
import Support
import Testing

@testable import Hub

struct PlainMessageTests {
  private func text(of body: [UInt8]) -> String? { PlainMessage.text(of: body.span) }

  @Test(arguments: [
    (#"{"message":"Hello"}"#, "Hello"), (#"{"message": "Hello"}"#, "Hello"),
    (#"{"message":""}"#, ""), (#"{"message":"ä 😀 }{ ,:"}"#, "ä 😀 }{ ,:"),
  ])
  func `the plain form is read`(body: String, message: String) {
    #expect(text(of: Array(body.utf8)) == message)
  }

  @Test(arguments: [
    "", "{", #"{"message":""#, #"{"message":"}"#, #"{"message":"a\n"}"#, #"{"message":"a"b"}"#,
    #"{"message":"a","topic":"b"}"#, #"{"message":1}"#, #"{"message":"a"} "#, #" {"message":"a"}"#,
    #"{"message":  "a"}"#, "{\"message\":\"a\u{0}\"}", "{\"message\":\"a\n\"}",
  ])
  func `whatever else it may be is the scanner's`(body: String) {
    #expect(text(of: Array(body.utf8)) == nil)
  }

  @Test func `bytes that are not UTF-8 are the scanner's`() {
    #expect(text(of: Array(#"{"message":""#.utf8) + [0xC3] + Array("\"}".utf8)) == nil)
  }

  @Test func `what is read is what a JSON parser reads`() throws {
    var random = SeededGenerator()
    var plainCount = 0
    for _ in 0..<5000 {
      let drawn = random.text(
        of: ["a", "ü", "\"", "\\", "\\\"", "{", "}", ":", " ", "\u{1}", "\\u0041", ","], 0...6)
      let body = Array("{\"message\":\(Bool.random(using: &random) ? " " : "")\"\(drawn)\"}".utf8)
      guard let message = text(of: body) else { continue }
      plainCount += 1
      let parsed = try JSONSerialization.jsonObject(with: Data(body)) as? [String: String]
      #expect(parsed == ["message": message])
    }
    #expect(plainCount > 100)
  }
}
