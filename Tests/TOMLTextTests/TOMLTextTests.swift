import Foundation
import Support
import Testing

@testable import TOMLText

struct TOMLTextTests {
  /// A value in one line, tables in the file's order, with the place of each if asked for.
  private func written(_ node: TOMLNode, places: Bool = false) -> String {
    let text =
      switch node.value {
      case .text(let text): "\"\(text)\""
      case .integer(let integer): "\(integer)"
      case .number(let number): "n\(number)"
      case .boolean(let boolean): "\(boolean)"
      case .time(let time): "t\(time)"
      case .list(let list): "[\(list.map { written($0, places: places) }.joined(separator: " "))]"
      case .table(let members):
        "{"
          + members.map {
            $0.name + (places ? "@\($0.line):\($0.column)" : "") + "="
              + written($0.node, places: places)
          }.joined(separator: " ") + "}"
      }
    return places ? "\(text)@\(node.line):\(node.column)" : text
  }

  private func fault(_ bytes: [UInt8]) -> TOMLFault? {
    do { _ = try TOMLText.parse(bytes) } catch { return error }
    return nil
  }

  private func fault(_ text: String) -> TOMLFault? { fault(Array(text.utf8)) }

  @Test(arguments: [
    ("", "{}"), ("# nothing\n", "{}"),
    ("b = 1\na = -2", "{b=1 a=-2}"),
    (
      "a = 9223372036854775807\nb = -9223372036854775808\nc = 0xFF\nd = 1_000",
      "{a=9223372036854775807 b=-9223372036854775808 c=255 d=1000}"
    ),
    ("a = 1.5\nb = true\nc = false", "{a=n1.5 b=true c=false}"),
    (
      "a = \"x\\ty\\u00e9\"\nb = 'C:\\x'\nc = \"\"\"\nq\"\"r\"\"\"\nd = ''",
      #"{a="x\#tyé" b="C:\x" c="q""r" d=""}"#
    ),
    ("a = []\nb = [1, [2], 'x',\n # more\n]", "{a=[] b=[1 [2] \"x\"]}"),
    (
      "[[g]]\nn = 1\n[[g]]\nn = 2\nj = {k = 'x', a = ['y']}\n",
      #"{g=[{n=1} {n=2 j={k="x" a=["y"]}}]}"#
    ),
    ("z.y = 1\n[b.c]\nx = 1\n[a]\n", "{z={y=1} b={c={x=1}} a={}}"),
    ("\"a b\" = 1\n'' = 2", "{a b=1 =2}"),
    ("\u{FEFF}a = 1\r\nb = 2\r\n", "{a=1 b=2}"),
  ])
  func `what is written is what is read, in the file's order`(text: String, expected: String) throws
  {
    #expect(written(try TOMLText.parse(Array(text.utf8))) == expected)
  }

  @Test(arguments: [
    "2027-01-01T00:00:00Z", "2027-01-01 00:00:00+01:00", "2027-01-01t00:00:00.123456z",
    "2027-01-01T00:00:00", "2027-01-01", "07:32:00", "07:32:00.5",
  ])
  func `a time is told as it is written, wherever it stands`(time: String) throws {
    for text in [
      "a = \(time)", "a = \(time) # x", "\"é😀\" = [ 'é',\(time),\(time)]\r\n",
      "\u{FEFF}a = {b = \(time)}",
    ] {
      let node = written(try TOMLText.parse(Array(text.utf8)))
      let wanted = text.contains(",") ? "[\"é\" t\(time) t\(time)]" : "t\(time)"
      #expect(node.contains(wanted), "\(text): \(node)")
    }
  }

  @Test func `names and values have their lines and columns, in characters`() throws {
    let text = """
      # é
      name = "é" # x
      "é" . b = [ 1,
        { c = 2 } ]

      [[ grant ]]
        publish = ["a"]
      [[grant]]
      [grant.jwt]
      keys = 'k'
      [p.q]
      """
    let node = try TOMLText.parse(Array(text.utf8))
    #expect(
      written(node, places: true)
        == "{name@2:1=\"é\"@2:8 é@3:1={b@3:7=[1@3:13 {c@4:5=2@4:9}@4:3]@3:11}@3:1 "
        + "grant@6:4=[{publish@7:3=[\"a\"@7:14]@7:13}@6:1 "
        + "{jwt@9:8={keys@10:1=\"k\"@10:8}@9:1}@8:1]@6:1 "
        + "p@11:2={q@11:4={}@11:1}@11:1}@1:1")
  }

  @Test(arguments: [
    (
      "a = 1\nsocket = /run/x.sock\n", 2, 10,
      "could not determine value type: a text stands in quotes"
    ),
    ("a = \"x\n", 1, 7, "control characters"),
    ("a 1", 1, 3, "expected '='"),
    ("\na =\n", 2, 4, "expected value"),
    ("é = 1\n", 1, 1, "expected keys"),
    ("a = 1\na = 2\n", 2, 5, "cannot redefine existing integer 'a'"),
    ("[a]\n[b]\n[a]\n", 3, 1, "cannot redefine existing table 'a'"),
    ("a = [1, 2\n", 1, 11, "end-of-file"),
    ("[=", 1, 2, "saw '='"), ("[é]", 1, 2, "bare key"),
    ("a = 99999999999999999999\n", 1, 25, "64 bits"),
    ("a = 2027-02-30\n", 1, 15, "day"),
    ("é = 'é\u{1}'", 1, 1, "expected keys"),
  ])
  func `what is wrong is told with its place`(
    text: String, line: Int, column: Int, words: String
  ) {
    let found = fault(text)
    #expect(
      found?.line == line && found?.column == column && found?.text.contains(words) == true,
      "\(String(describing: found))")
    #expect(found.map { "\($0)".hasPrefix("line \(line), column \(column): ") } == true)
  }

  @Test(
    arguments: [
      [0x61, 0x3D, 0x22, 0xFF, 0x22], [0x61, 0x3D, 0x22, 0xC3, 0x28, 0x22], [0xFF, 0xFE, 0x61, 0],
      [0x61, 0x3D, 0x22, 0xED, 0xA0, 0x80, 0x22], [0x61, 0x3D, 0x31, 0], [0x61, 0x3D, 0x22, 0xC3],
    ] as [[UInt8]])
  func `what is no text in UTF-8 is refused`(bytes: [UInt8]) {
    #expect(fault(bytes)?.line == 1)
  }

  private func key(_ count: Int, _ part: String = "a") -> String {
    [String](repeating: part, count: count).joined(separator: ".")
  }

  @Test func `a key has so many parts and no more, and a text with dots is none`() throws {
    #expect(fault("\(key(31)) = 1") == nil)
    for text in [
      "x = 1\né = [{ \(key(33)) = 1 }]", "x = 1\n[[ \(key(33, "'é'")) ]]",
      "x = '''\n'''\n\(key(33, "a "))", "x = \"\\\"#\"\n\(key(1_000_000)) = 1",
      "x = \"\"\"\\\"\"\"\"\"\n\(key(33)) = 1", "# '''\n\(key(33)) = 1",
      "x = \"\"\"\\\n\"\"\"\n\(key(33)) = 1",
    ] {
      #expect(fault(text)?.text.contains("more than 32 parts") == true, "\(text.prefix(80))")
    }
    #expect(fault("x = 'é'\n\(key(40)) = 1")?.description.hasPrefix("line 2, column 64:") == true)
    let dots = String(repeating: ".", count: 100)
    for text in [
      "a = '\(dots)'", "a = \"\\\"\(dots)\"", "a = '''\n\(dots)\n'\(dots)'''''", "# \(dots)",
      "a = \"\"\"\(dots)\\\"\"\"\\\"\"\"\"",
    ] {
      #expect(fault(text) == nil, "\(text)")
    }
  }

  @Test func `values lie so deep in one another and no deeper`() {
    func nested(_ count: Int) -> String {
      "a = " + String(repeating: "[", count: count) + String(repeating: "]", count: count)
    }
    #expect(fault(nested(31)) == nil)
    #expect(fault(nested(32)) != nil)
    #expect(fault(nested(100_000)) != nil)
    #expect(fault("a = " + String(repeating: "{b = ", count: 100_000)) != nil)
    // Each within its own limit, and together beyond.
    let part = key(30)
    let deep = "[\(part)]\n" + String(repeating: "\(part) = {", count: 30)
    #expect(
      fault(deep + String(repeating: "}", count: 30))?.text.contains("deeper than 32") == true)
  }

  @Test func `a text that is too long is not read`() {
    let long = [UInt8](repeating: UInt8(ascii: "\n"), count: TOMLLimits.byteCountMaximum + 1)
    #expect(fault(long)?.text.contains("the limit is 67108864") == true)
  }

  @Test func `whatever is read, nothing breaks, and a fault lies in the text`() {
    var random = SeededGenerator()
    let seed = Array(
      "\u{FEFF}a = \"é\\\"\" # x\n[[g]]\nt = 2027-01-01 00:00:00Z\nb = [{c.d = '''x\n'''}, 1.5]\r\n[p.q]\n"
        .utf8)
    let alphabet =
      Array("[]{}=.,\"'#\\ \n\r\t_-+:0123456789abTZeinfx".utf8) + [0, 0x80, 0xC3, 0xA9, 0xFF]
    for _ in 0..<20_000 {
      let bytes = seed.distorted(1...4, with: alphabet, using: &random)
      guard let found = fault(bytes) else { continue }
      let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      #expect((1...lines.count).contains(found.line), "\(found): \(bytes)")
      #expect(
        (1...lines[min(lines.count, found.line) - 1].count + 2).contains(found.column),
        "\(found): \(bytes)")
    }
  }
}
