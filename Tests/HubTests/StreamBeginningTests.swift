import FileQueue
import Kernel
import Streaming
import Testing

@testable import Hub

struct StreamBeginningTests {
  private static let id = EventID(epoch: 0x6f2a_91c4, sequence: 42)

  private func read(_ query: String, header: String? = nil) throws -> StreamStart {
    try SubscribeRequest(pathTopic: nil, pairs: FormDecoding.pairs(query.utf8), header: header)
      .wanted.start
  }

  @Test(arguments: [
    ("latest", StreamStart.last(1)), ("all", .oldest), ("earliest", .oldest), ("now", .next),
    ("none", .next),
    ("6f2a91c4-42", .after(id)),
    ("@1732147200.5", .since(TimeCursor(unixMilliseconds: 1_732_147_200_500))),
    ("1732147200", .since(TimeCursor(unixMilliseconds: 1_732_147_200_000))),
    ("1732147200123", .since(TimeCursor(unixMilliseconds: 1_732_147_200_123))),
    ("2024-11-21T01:00:00+01:00", .since(TimeCursor(unixMilliseconds: 1_732_147_200_000))),
    ("1950-01-01T00:00:00Z", .since(TimeCursor(unixMilliseconds: 0))),
  ])
  func `since is an id, a time or a word`(text: String, start: StreamStart) throws {
    #expect(try read("since=\(text)") == start)
  }

  @Test(arguments: [
    ("90s", 90_000), ("10m", 600_000), ("12h", 43_200_000), ("9999999d", Int64.max),
  ])
  func `since is a time ago`(text: String, milliseconds: Int64) throws {
    let before = Clock.unixMilliseconds()
    guard case .since(let time) = try read("since=\(text)") else { throw Unexpected() }
    let after = Clock.unixMilliseconds()
    #expect(
      (max(0, before - milliseconds)...max(0, after - milliseconds)).contains(time.unixMilliseconds)
    )
  }

  @Test(arguments: [
    "", "10", "0", "42", "yesterday", "-10m", "1732147200123456", "2024-11-21", "ALL",
  ])
  func `what is none of these is told what there is`(text: String) {
    for header in [nil, "6f2a91c4-42"] {
      let problem = #expect(throws: Problem.self) { try read("since=\(text)", header: header) }
      #expect(problem?.code == .invalidParameter && problem?.field == "since")
      #expect(problem?.detail.contains("such as 90s, 10m, 12h or 7d") == true)
    }
  }

  @Test func `a last event id wins, by header or query, and an empty one is none`() throws {
    #expect(try read("since=all", header: "6f2a91c4-42") == .after(Self.id))
    #expect(try read("since=all&last_event_id=6f2a91c4-42") == .after(Self.id))
    #expect(try read("since=all&last_event_id=", header: "") == .oldest)
  }

  @Test func `a beginning is named once`() {
    let problem = #expect(throws: Problem.self) { try read("since=all&since=10m") }
    #expect(problem?.field == "since")
  }

  @Test(arguments: [("0", StreamStart.next), ("1", .last(1)), ("1000", .last(1000))])
  func `last is a number of events of each topic`(text: String, start: StreamStart) throws {
    #expect(try read("last=\(text)") == start)
    #expect(try read("last=\(text)", header: "6f2a91c4-42") == .after(Self.id))
  }

  @Test(arguments: ["", "-1", "1001", "x", "1.5", "99999999999999999999"])
  func `what is no such number is told the limit`(text: String) {
    let problem = #expect(throws: Problem.self) { try read("last=\(text)") }
    #expect(problem?.code == .invalidParameter && problem?.field == "last")
    #expect(problem?.detail.contains("for one topic from 0 to 1000") == true)
  }

  @Test func `the last events of many topics are fewer of each`() throws {
    let topics = (0..<100).map { "\($0)" }.joined(separator: ",")
    #expect(try read("topics=\(topics)&last=100") == .last(100))
    let problem = #expect(throws: Problem.self) { try read("topics=\(topics)&last=101") }
    #expect(problem?.detail.contains("for 100 topics from 0 to 100") == true)
  }

  @Test func `two beginnings contradict each other`() {
    let problem = #expect(throws: Problem.self) { try read("since=all&last=1") }
    #expect(problem?.code == .contradiction && problem?.field == "last")
  }

  private struct Unexpected: Error {}
}
