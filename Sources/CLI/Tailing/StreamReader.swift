import EventStream
import HTTPClient
import Kernel

/// Reads the events of a connection: an event stream, or lines of JSON.
struct StreamReader {
  private enum Grammar {
    case eventStream(EventStreamParser)
    case lines(rest: [UInt8])
  }

  private var grammar: Grammar
  /// The id behind which another connection would go on; empty for none.
  private(set) var lastID = ""
  /// How long the stream has asked to wait before another connection.
  private(set) var retry: Duration?
  /// Whether the stream has said that the past is told (`weir.live`).
  private(set) var isLive = false

  /// Reads what an answer's head announces.
  init(_ head: HTTPHead) throws(CommandFailure) {
    let type = head["content-type"]?.lowercased() ?? ""
    if type.hasPrefix("text/event-stream") {
      grammar = .eventStream(EventStreamParser())
    } else if type.hasPrefix("application/x-ndjson") {
      grammar = .lines(rest: [])
    } else {
      throw CommandFailure(
        "the site answers with '\(type)' and no event stream: check --url", exitCode: 69)
    }
  }

  /// Takes the next bytes, and calls `body` with each event that they complete.
  mutating func feed(_ bytes: [UInt8], _ body: (TailLine) throws -> Void) throws {
    switch grammar {
    case .eventStream(var parser):
      var isLive = isLive
      do {
        try parser.feed(bytes) { event in
          if event.type == "weir.live" { isLive = true }
          try body(TailLine(id: event.lastEventID, type: event.type, data: event.data))
        }
      } catch is EventStreamError {
        throw Self.tooLong
      }
      self.isLive = isLive
      lastID = parser.lastEventID
      retry = parser.retryMilliseconds.map { .milliseconds($0) } ?? retry
      grammar = .eventStream(parser)
    case .lines(var rest):
      grammar = .lines(rest: [])
      var pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[...]
      while let piece = pieces.popFirst() {
        rest += piece
        guard rest.count <= RemoteHub.answerByteCountMaximum else {
          throw Self.tooLong
        }
        if pieces.isEmpty { break }
        if !rest.isEmpty { try read(rest, body) }
        rest.removeAll(keepingCapacity: true)
      }
      grammar = .lines(rest: rest)
    }
  }

  private static let tooLong = CommandFailure(
    "an event of the stream is longer than any of a weir's: check --url", exitCode: 65)

  private mutating func read(_ line: [UInt8], _ body: (TailLine) throws -> Void) throws {
    guard let event = try? TailLine(json: line) else {
      throw CommandFailure(
        "a line of the stream is no event as weir writes them: check --url", exitCode: 65)
    }
    if let id = event.id { lastID = id }
    if event.event == "weir.live" { isLive = true }
    // Without data it tells the id only.
    if event.data != nil { try body(event) }
  }
}
