import Testing

@testable import Hub

struct AcceptHeaderTests {
  @Test(arguments: [
    (nil, false), ("", false), ("*/*", false), ("application/json", false), ("text/plain", true),
    ("Text/Plain; charset=utf-8", true), ("text/*", true), ("text/plain, */*", false),
    ("text/plain, */*;q=0.8", true), ("text/plain;q=0.5, application/json;q=0.9", false),
    ("text/plain;q=0.9, application/*;q=0.5, */*;q=0.1", true), ("text/plain;q=0", false),
    ("text/*;q=0.9, text/plain;q=0.1, application/json;q=0.5", false), ("application/xml", false),
    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", false),
    ("text/plain;q=x", true), ("text/plain;q=7", true), (",, ;q=1, text/plain", true),
    ("application/json;q=0, */*", true),
  ])
  func `a text is preferred where it is wanted more`(header: String?, isPreferred: Bool) {
    #expect(
      AcceptHeader(header).prefers("text/plain", to: "application/json") == isPreferred)
  }
}
