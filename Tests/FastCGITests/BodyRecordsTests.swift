import Support
import Testing

@testable import FastCGI

struct BodyRecordsTests {
  /// What comes out of `bytes`, given in pieces that end at `cuts`.
  private static func read(
    _ bytes: [UInt8], cuts: [Int]
  ) -> (content: [UInt8], verdict: BodyRecords.Verdict, rest: [UInt8]) {
    var records = BodyRecords(requestID: 1)
    var content: [UInt8] = []
    var start = 0
    for cut in cuts + [bytes.count] where cut > start {
      var position = 0
      let piece = Array(bytes[start..<cut])
      let verdict = records.take(piece.span, from: &position, into: &content)
      start += position
      if verdict != .goesOn { return (content, verdict, Array(bytes[start...])) }
    }
    return (content, .goesOn, [])
  }

  private static let body =
    WebServer.record(5, [1, 2, 3], padding: 5) + WebServer.record(5, [4])
    + WebServer.record(5, [5, 6], padding: 1)

  @Test func `a body is the same wherever it is cut, and what follows is left alone`() {
    let next: [UInt8] = [1, 1, 0, 1]
    for end in [WebServer.record(5, []), WebServer.record(5, [], padding: 3)] {
      let bytes = Self.body + end
      for first in 0...bytes.count {
        for second in first...bytes.count {
          let (content, verdict, rest) = Self.read(bytes + next, cuts: [first, second])
          #expect(content == [1, 2, 3, 4, 5, 6])
          #expect(verdict == .ended)
          #expect(rest == next)
        }
      }
    }
  }

  @Test func `an abort ends a body at the begin of any record`() {
    let abort = WebServer.record(2, [9, 9], padding: 2)
    let (content, verdict, rest) = Self.read(Self.body + abort + [7], cuts: [])
    #expect(content == [1, 2, 3, 4, 5, 6])
    #expect(verdict == .aborted)
    #expect(rest == [7])
  }

  @Test(arguments: [
    WebServer.record(5, id: 2, [1]), WebServer.record(5, [1], version: 2), WebServer.record(4, []),
    WebServer.record(9, id: 0, []), WebServer.begin(),
  ])
  func `what has no place in a body is malformed`(record: [UInt8]) {
    #expect(Self.read(Self.body + record, cuts: []).verdict == .malformed)
  }
}
