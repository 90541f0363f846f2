import EventStream
import Testing

/// One rule of the grammar: a stream, and what a parser has to make of it.
struct GrammarRow: Sendable, CustomTestStringConvertible {
  let rule: String
  let stream: String
  let events: [ParsedEvent]
  let lastEventID: String
  let retryMilliseconds: Int?

  var testDescription: String { rule }

  private init(
    _ rule: String, _ stream: String, _ events: [ParsedEvent] = [], lastEventID: String = "",
    retry: Int? = nil
  ) {
    self.rule = rule
    self.stream = stream
    self.events = events
    self.lastEventID = lastEventID
    self.retryMilliseconds = retry
  }

  private static let a = ParsedEvent(data: "a")

  static let lines: [Self] = [
    Self("an empty stream has no event", ""),
    Self("LF ends lines", "data: a\n\n", [a]),
    Self("CR ends lines", "data: a\r\r", [a]),
    Self("CRLF ends lines", "data: a\r\n\r\n", [a]),
    Self(
      "line ends may differ", "data: a\r\ndata: b\rdata: c\n\r\n",
      [ParsedEvent(data: "a\nb\nc")]),
    Self(
      "LF CR is two line ends", "data: a\n\rdata: b\n\n",
      [a, ParsedEvent(data: "b")]),
    Self(
      "other breaks of Unicode end no line", "data: a\u{2028}\u{85}\u{B}b\n\n",
      [ParsedEvent(data: "a\u{2028}\u{85}\u{B}b")]),
    Self("one BOM at the start is dropped", "\u{FEFF}data: a\n\n", [a]),
    Self("a second BOM belongs to the name", "\u{FEFF}\u{FEFF}data: a\n\n"),
    Self("a BOM later belongs to the name", "\n\u{FEFF}data: a\n\n"),
    Self(
      "a BOM in a value stays", "data:\u{FEFF}a\n\n",
      [ParsedEvent(data: "\u{FEFF}a")]),
    Self(
      "a BOM alone in the first line leaves it blank", "\u{FEFF}\ndata: a\n\n",
      [a]),
    Self(
      "blank lines between events do nothing", "\n\n\ndata: a\n\n\n\n",
      [a]),
    Self("an event without its blank line is discarded", "data: a\n"),
    Self("a line without its end is discarded", "data: a\n\ndata: b", [a]),
  ]

  static let fields: [Self] = [
    Self(
      "one space after the colon is dropped", "data:  a\n\n",
      [ParsedEvent(data: " a")]),
    Self("no space is needed", "data:a\n\n", [a]),
    Self("a tab is kept", "data:\ta\n\n", [ParsedEvent(data: "\ta")]),
    Self(
      "later colons belong to the value", "data: a: b:\n\n",
      [ParsedEvent(data: "a: b:")]),
    Self("a space before the name makes it unknown", " data: a\n\n"),
    Self("a space before the colon makes it unknown", "data : a\n\n"),
    Self("names are told apart by case", "Data: a\nDATA: a\n\n"),
    Self(
      "unknown fields are ignored", "dat: x\ndatas: x\nfoo\ndata: a\n\n",
      [a]),
    Self("comments are ignored", ":\n: x\n:data: x\ndata: a\n: x\n\n", [a]),
    Self("a block of comments is no event", ": x\n\n"),
    Self(
      "lines of data are joined with LF", "data: a\ndata: b\n\n",
      [ParsedEvent(data: "a\nb")]),
    Self(
      "data with an empty value is an event", "data: \n\n",
      [ParsedEvent(data: "")]),
    Self(
      "data without a colon is an event", "data\n\n",
      [ParsedEvent(data: "")]),
    Self(
      "two empty lines of data are one LF", "data\ndata:\n\n",
      [ParsedEvent(data: "\n")]),
    Self(
      "NUL in data stays", "data: a\0b\n\n",
      [ParsedEvent(data: "a\0b")]),
    Self(
      "an event has the type that was named last", "event: x\ndata: a\nevent: y\n\n",
      [ParsedEvent(type: "y", data: "a")]),
    Self(
      "a type holds for one event", "event: x\ndata: a\n\ndata: a\n\n",
      [ParsedEvent(type: "x", data: "a"), a]),
    Self("an empty type is message", "event: x\nevent:\ndata: a\n\n", [a]),
    Self("a block without data is no event and drops its type", "event: x\n\ndata: a\n\n", [a]),
  ]

  static let ids: [Self] = [
    Self(
      "an id comes with its event", "data: a\nid: 1\n\n",
      [ParsedEvent(data: "a", lastEventID: "1")], lastEventID: "1"),
    Self(
      "an id holds for later events", "id: 1\ndata: a\n\ndata: b\n\n",
      [
        ParsedEvent(data: "a", lastEventID: "1"), ParsedEvent(data: "b", lastEventID: "1"),
      ], lastEventID: "1"),
    Self("a block with an id alone moves the last id", "id: 7\n\n", lastEventID: "7"),
    Self(
      "an id of a block that was cut off is not taken", "data: a\nid: 1\n\ndata: b\nid: 2\n",
      [ParsedEvent(data: "a", lastEventID: "1")], lastEventID: "1"),
    Self(
      "an empty id resets", "id: 1\ndata: a\n\nid\ndata: b\n\n",
      [ParsedEvent(data: "a", lastEventID: "1"), ParsedEvent(data: "b")]),
    Self(
      "an id with NUL is ignored", "id: 1\nid: 2\0\ndata: a\n\n",
      [ParsedEvent(data: "a", lastEventID: "1")], lastEventID: "1"),
    Self("the last id of a block counts", "id: 1\nid: 2\n\n", lastEventID: "2"),
    Self("spaces of an id stay but for the first", "id:  1 \n\n", lastEventID: " 1 "),
  ]

  static let retries: [Self] = [
    Self("retry holds from its line on", "retry: 2000\n", retry: 2000),
    Self("retry alone is no event", "retry: 2000\n\n", retry: 2000),
    Self("retry may be 0", "retry:0\n", retry: 0),
    Self("zeros in front do nothing", "retry: 00000000000000000000000000002000\n", retry: 2000),
    Self("the largest number is read", "retry: \(Int.max)\n", retry: Int.max),
    Self("a number too large by one is ignored", "retry: 9223372036854775808\n"),
    Self(
      "a number too large by far is ignored", "retry: 1\nretry: 99999999999999999999999999\n",
      retry: 1),
    Self("retry without a value is ignored", "retry: 1\nretry\nretry:\n", retry: 1),
    Self(
      "a sign, a fraction, an exponent or a space is no digit",
      "retry: 1\nretry: -2\nretry: +2\nretry: 2.0\nretry: 2e3\nretry:  2\nretry: 2 \n",
      retry: 1),
    Self("digits of other scripts are no digits", "retry: ١٢٣\nretry: １\n"),
  ]
}
