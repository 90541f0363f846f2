import Foundation
import Support
import Testing

@testable import JSONText

struct JSONTextTests {
  private func fault(_ bytes: [UInt8]) -> JSONFault? {
    do { try JSONText.check(bytes) } catch { return error }
    return nil
  }

  private func fault(_ text: String) -> JSONFault? { fault(Array(text.utf8)) }

  @Test(arguments: [
    "{}", "[]", "null", " true ", "false", "0", "-0", "10", "-1.5e+10", "2E-3", "\"\"",
    "\"é\u{301}\"",
    "{\"a\":[1,{\"b\":\"\\u00e9\\ud83d\\ude00\\n\\/\\\\\"}], \"b\" : \"x\"}", "\r\n\t{ }\n",
    "[{\"a\":1},{\"a\":2}]", "{\"a\":{\"a\":1}}", "{\"\":1}",
    // Other bytes are another name, whatever Unicode says.
    "{\"\u{E9}\":1,\"e\u{301}\":2}",
  ])
  func `what is JSON is let through`(text: String) {
    #expect(fault(text) == nil)
  }

  struct Bad: CustomTestStringConvertible, Sendable {
    let text: String
    let kind: JSONFault.Kind
    let offset: Int
    init(_ text: String, _ kind: JSONFault.Kind, _ offset: Int) {
      (self.text, self.kind, self.offset) = (text, kind, offset)
    }
    var testDescription: String { text }
  }

  @Test(arguments: [
    Bad("", .empty, 0), Bad(" \n ", .empty, 0),
    Bad("{\"a\":\"x\ny\"}", .controlInString(0x0A), 7),
    Bad("{\"a\":\"\t\"}", .controlInString(0x09), 6),
    Bad("{\"a\":\"\u{0}\"}", .controlInString(0), 6),
    Bad("{\"a\u{1}\":1}", .controlInString(1), 3),
    Bad("{\"a\":\"\\ud800\"}", .loneSurrogate, 6), Bad("{\"a\":\"\\udc00x\"}", .loneSurrogate, 6),
    Bad("{\"a\":\"\\ud800\\ud800\"}", .loneSurrogate, 6),
    Bad("{\"a\":\"\\ud83dx\"}", .loneSurrogate, 6),
    Bad("{\"a\":\"\\uD83D\\n\"}", .loneSurrogate, 6),
    Bad("\"\\x41\"", .unknownEscape, 1), Bad("\"\\u12g4\"", .unknownEscape, 1),
    Bad("\"a\\'\"", .unknownEscape, 2),
    Bad("{'a':1}", .singleQuotes, 1), Bad("{\"a\":'b'}", .singleQuotes, 5),
    Bad("'a'", .singleQuotes, 0),
    Bad("{\"a\":1,}", .trailingComma, 6), Bad("[1,2 , ]", .trailingComma, 5),
    Bad("{} x", .trailingText, 3), Bad("{}{}", .trailingText, 2), Bad("{}\u{0}", .trailingText, 2),
    Bad("{", .cutOff(in: "an object"), 1), Bad("{\"a", .cutOff(in: "a string"), 3),
    Bad("{\"a\"", .cutOff(in: "an object"), 4), Bad("{\"a\":", .cutOff(in: "an object"), 5),
    Bad("{\"a\":1", .cutOff(in: "an object"), 6), Bad("{\"a\":1,", .cutOff(in: "an object"), 7),
    Bad("[", .cutOff(in: "an array"), 1), Bad("[-", .cutOff(in: "a number"), 2),
    Bad("1.", .cutOff(in: "a number"), 2), Bad("tru", .cutOff(in: "'true'"), 3),
    Bad("\"a\\", .cutOff(in: "a string"), 3), Bad("\"\\u00", .cutOff(in: "a string"), 5),
    Bad("\"\\ud800", .cutOff(in: "a string"), 7),
    Bad("{\"a\":1,\"a\":2}", .duplicateName("a"), 7),
    Bad("{\"a\":1,\"\\u0061\":2}", .duplicateName("a"), 7),
    Bad("[{\"b\":1,\n\"b\":1}]", .duplicateName("b"), 9),
    Bad("// x\n{}", .comment, 0), Bad("{/* x */}", .comment, 1), Bad("{} # x", .comment, 3),
    Bad("[1 // x\n]", .comment, 3),
    Bad("{a:1}", .unexpected(byte: UInt8(ascii: "a"), expected: "a name in double quotes"), 1),
    Bad("{\"a\" 1}", .unexpected(byte: UInt8(ascii: "1"), expected: "':'"), 5),
    Bad("[1 2]", .unexpected(byte: UInt8(ascii: "2"), expected: "',' or the end of an array"), 3),
    Bad(
      "{\"a\":1;}", .unexpected(byte: UInt8(ascii: ";"), expected: "',' or the end of an object"), 6
    ),
    Bad("[,1]", .unexpected(byte: UInt8(ascii: ","), expected: "a value"), 1),
    Bad("{,}", .unexpected(byte: UInt8(ascii: ","), expected: "a name in double quotes"), 1),
    Bad("]", .unexpected(byte: UInt8(ascii: "]"), expected: "a value"), 0),
    Bad("NaN", .noValue, 0), Bad("True", .noValue, 0), Bad("01", .noValue, 0),
    Bad("+1", .noValue, 0),
    Bad(".5", .noValue, 0), Bad("1.e5", .noValue, 0), Bad("0x10", .noValue, 0),
    Bad("-a", .noValue, 0),
    Bad("nullx", .noValue, 0), Bad("trux", .noValue, 0), Bad("undefined", .noValue, 0),
    Bad("[\u{E9}]", .noValue, 1), Bad("message=x", .noValue, 0),
    Bad("\u{FEFF}{}", .byteOrderMark, 0),
    Bad(String(repeating: "[", count: 65) + "x", .tooDeep, 64),
    Bad(String(repeating: "{\"a\":", count: 100_000), .tooDeep, 64 * 5),
  ])
  func `what is none is called by its name, with its place`(bad: Bad) {
    let found = fault(bad.text)
    #expect(found?.kind == bad.kind && found?.offset == bad.offset, "\(String(describing: found))")
  }

  @Test(arguments: [
    ([0x1F, 0x8B, 8, 0], JSONFault.Kind.compressed("gzip"), 0),
    ([0x28, 0xB5, 0x2F, 0xFD, 0], .compressed("zstd"), 0),
    (Array("{\"a\":\"".utf8) + [0xC3, 0x28], .invalidUTF8, 6),
    ([0x22, 0xFF, 0x22], .invalidUTF8, 1),
    // A surrogate in UTF-8's way, and a slash in two bytes.
    ([0x22, 0xED, 0xA0, 0x80, 0x22], .invalidUTF8, 1), ([0x22, 0xC0, 0xAF, 0x22], .invalidUTF8, 1),
    ([0xFF, 0xFE, 0x7B, 0], .otherUnicode, 0), ([0xFE, 0xFF, 0, 0x7B], .otherUnicode, 0),
    ([0x7B, 0, 0x7D, 0], .otherUnicode, 0), ([0, 0x7B, 0, 0x7D], .otherUnicode, 0),
  ])
  func `bytes that are no text of JSON's are called by their names`(
    bytes: [UInt8], kind: JSONFault.Kind, offset: Int
  ) {
    let found = fault(bytes)
    #expect(found?.kind == kind && found?.offset == offset)
  }

  @Test func `a place in one line is a byte, and in several it has a line and a column`() {
    #expect(fault("{\"a\":1,}")?.place == "byte 6")
    #expect(fault("{\"a\":1,}\n")?.place == "byte 6")
    #expect(fault("{\n  \"é\": 1,\n  \"b\": 'x'\n}")?.place == "byte 20 (line 3, column 8)")
    #expect(fault("{\n\"a\": \"b\nc\"}")?.description.contains("a raw newline") == true)
  }

  @Test func `a description is short, whatever was sent`() {
    let long = String(repeating: "é", count: 10_000)
    let found = fault("{\"\(long)\":1,\"\(long)\":2}")
    #expect(found.map { $0.description.utf8.count < 300 } == true)
  }

  @Test func `whatever is let through a decoder reads, and the other way round`() throws {
    var random = SeededGenerator()
    let seed = Array("{\"a\":[1,-2.5e3,true,null],\"b\":\"x\\n\\u00e9é\",\"c\":{\"d\":\"\"}} ".utf8)
    let alphabet =
      Array("{}[],:\"\\ \n0-1.eEtrufalsn'/\u{0}\u{1F}a".utf8) + [0x80, 0xC3, 0xA9, 0xFF]
    for _ in 0..<20_000 {
      let bytes = seed.distorted(1...3, with: alphabet, using: &random)
      let decodes =
        (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil
      let found = fault(bytes)
      switch found?.kind {
      case nil: #expect(decodes, "let through: \(bytes)")
      // What decoders take although it is no JSON, or says two things.
      case .duplicateName, .trailingComma, .byteOrderMark, .otherUnicode: break
      default: #expect(!decodes, "refused as \(String(describing: found)): \(bytes)")
      }
    }
  }

  @Test func `an object is told by its members, in their order and without escapes in their names`()
    throws
  {
    let bytes = Array(
      " {\"b\" : [1, {\"x\":2}] , \"\\u0061\\n\":\"\\ud83d\\ude00\\/\",\"\":null,\"c\":true}".utf8)
    let members = try #require(try JSONText.members(of: bytes))
    #expect(members.map { String(decoding: $0.name, as: UTF8.self) } == ["b", "a\n", "", "c"])
    #expect(members.map(\.value.kind) == [.array, .string, .null, .boolean])
    #expect(members.map { $0.value.text(in: bytes) }[0] == "[1, {\"x\":2}]")
    #expect(members[1].value.string(in: bytes) == "😀/")
    #expect(members[0].value.elements(in: bytes)?.map(\.kind) == [.number, .object])
    #expect(
      members[0].value.string(in: bytes) == nil && members[1].value.elements(in: bytes) == nil)
    for other in ["[]", "1", "\"{}\"", "null"] {
      #expect(try JSONText.members(of: Array(other.utf8)) == nil)
    }
    #expect(throws: JSONFault.self) { try JSONText.members(of: Array("{\"a\":}".utf8)) }
  }

  @Test func `among many names the one that stands there twice is found`() {
    for count in [2, 15, 16, 17, 40] {
      let members = (0..<count).map { "\"n\($0)\":\($0)" }
      #expect(fault("{\(members.joined(separator: ","))}") == nil)
      for again in [0, count - 1] {
        let text = "{\((members + ["\"\\u006e\(again)\":1"]).joined(separator: ","))}"
        #expect(fault(text)?.kind == .duplicateName("n\(again)"))
      }
    }
  }

  @Test(arguments: [
    ("1", 1), ("-0", 0), ("60.0", 60), ("6e1", 60), ("6E+1", 60), ("600e-1", 60),
    ("9223372036854775807", Int.max), ("9223372036854775808", nil), ("1.5", nil), ("1e400", nil),
    ("\"1\"", nil), ("true", nil),
  ])
  func `a whole number is one however it is written`(text: String, number: Int?) throws {
    let bytes = Array("{\"n\":\(text)}".utf8)
    #expect(try JSONText.members(of: bytes)?.first?.value.wholeNumber(in: bytes) == number)
  }

  @Test(arguments: [
    ("{ \"b\" : 1 ,\r\n\t\"a\" : [ true , null ] }", "{\"b\":1,\"a\":[true,null]}"),
    (
      "[ 1.10, 1E+2, -0, 123456789012345678901234567890, 0.1e-7 ]",
      "[1.10,1E+2,-0,123456789012345678901234567890,0.1e-7]"
    ),
    (
      "[ \" a  b \" , \"\\\" ,\\\\\" , \"\\u00e9\\/\" ]",
      "[\" a  b \",\"\\\" ,\\\\\",\"\\u00e9\\/\"]"
    ),
    ("12", "12"), ("{ }", "{}"), ("\" \"", "\" \""),
  ])
  func `compact text has all that was written but the space between`(
    text: String, compact: String
  ) throws {
    let bytes = Array("{\"v\": \(text) }".utf8)
    let value = try #require(try JSONText.members(of: bytes)?.first?.value)
    #expect(value.compactText(in: bytes) == compact)
  }
}
