import FileQueue
import Streaming
import Testing

@testable import Hub

struct SubscribeRequestTests {
  private func read(
    _ query: String, path: String? = nil, header: String? = nil
  ) throws -> SubscribeRequest {
    try SubscribeRequest(pathTopic: path, pairs: FormDecoding.pairs(query.utf8), header: header)
  }

  @Test func `the spellings of a topic mean the same`() throws {
    let filters = [
      try read("", path: "orders"), try read("topic=orders"), try read("stream=orders"),
      try read("topics=orders"),
    ].map(\.wanted.filter)
    #expect(Set(filters).count == 1)
  }

  @Test func `topics stand in a list, beside others, and one with a comma by itself`() throws {
    let request = try read("topics=a,b&topic=c,d&topics=e&stream=f.*", path: "g,h")
    #expect(request.wanted.filter.topics.map(\.text) == ["a", "b", "c,d", "e", "g,h"])
    #expect(request.wanted.filter.patterns.map(\.text) == ["f.*"])
    #expect(try read("topics=a%2Cb").wanted.filter == read("topics=a,b").wanted.filter)
  }

  @Test(arguments: ["topics=", "topics=a,,b", "topics=a,", "topics=,", "topic="])
  func `a place in a list where no topic stands is a problem`(query: String) {
    let problem = #expect(throws: Problem.self) { try read(query) }
    #expect(problem?.code == .invalidTopic && problem?.field == "topic")
  }

  @Test func `names of events stand in lists too, and each once is enough`() throws {
    #expect(try read("topic=a").wanted.names == nil)
    let names = try read("event=a,b&event=c&event=a").wanted.names
    #expect(names == EventNames(["c", "b", "a"]))
    #expect(try read("event=weir.gap").wanted.names == EventNames(["weir.gap"]))
  }

  @Test(arguments: [
    "event=", "event=a,,b", "event=a%0Ab", "event=\(String(repeating: "x", count: 256))",
    "event=" + (0...100).map { "n\($0)" }.joined(separator: ","),
  ])
  func `what can be no name of an event is a problem`(query: String) {
    let problem = #expect(throws: Problem.self) { try read(query) }
    #expect(problem?.code == .invalidParameter && problem?.field == "event")
  }

  @Test(arguments: ["last_event_id", "lastEventID", "lastEventId", "Last-Event-ID"])
  func `the last event id may stand in the query, and the header wins`(name: String) throws {
    #expect(try read("\(name)=a-1").lastEventID == "a-1")
    #expect(try read("\(name)=a-1", header: "b-2").lastEventID == "b-2")
    #expect(try read("\(name)=a-1", header: "").lastEventID == "a-1")
  }

  @Test func `a stream begins behind an event id, and what is none is kept as an excerpt`() throws {
    let id = EventID(epoch: 0x6f2a_91c4, sequence: 42)
    #expect(try read("").wanted.start == .next)
    #expect(try read("last_event_id=\(id)").wanted.start == .after(id))
    let time = TimeCursor(unixMilliseconds: 1_732_147_200_123)
    #expect(try read("last_event_id=%401732147200.123").wanted.start == .since(time))
    #expect(try read("last_event_id=earliest").wanted.start == .oldest)
    #expect(try read("", header: "6F2A91C4-42").wanted.start == .unknown("6F2A91C4-42"))
    let long = String(repeating: "x", count: 1000)
    #expect(try read("", header: long).wanted.start == .unknown(long.excerpt()))
  }

  @Test func `percent escapes and plus signs are decoded`() throws {
    let request = try read("topic=two+words&topic=%C3%A9&topic=100%25&topic=50%")
    #expect(request.wanted.filter.topics.map(\.text) == ["100%", "50%", "two words", "é"])
    // A mark behind a sign of the syntax belongs to the text.
    let marks = try read("topic=\u{301}a&topic=b%CC%81&_\u{301}=1")
    #expect(
      marks.wanted.filter.topics.map { Array($0.text.utf8) } == [
        Array("b\u{301}".utf8), Array("\u{301}a".utf8),
      ])
  }

  @Test(arguments: [
    ("topc", "'topic'"), ("topicz", "'topic'"), ("Topic", "'topic'"), ("tpoic", "'topic'"),
    ("Topics", "'topics'"), ("events", "'event'"), ("sinc", "'since'"), ("from", nil),
    ("streams", "'stream'"), ("lastEventI", "'last_event_id'"),
    ("last-event-id", "'last_event_id'"),
    ("LASTEVENTID", "'last_event_id'"), ("last_event", "'last_event_id'"),
    ("", nil),
    ("count", nil), ("topic\u{301}", "'topics'"), ("\u{301}", nil),
  ])
  func `a parameter that there is not is refused, with the one that may be meant`(
    name: String, nearest: String?
  ) {
    let problem = #expect(throws: Problem.self) { try read("topic=a&\(name)=x") }
    #expect(problem?.code == .invalidParameter && problem?.status == 400)
    #expect(problem?.field == name)
    let advice =
      nearest.map { "did you mean \($0)?" }
      ?? "a stream takes topic, topics, stream, event, last_event_id, since, last, "
    #expect(problem?.detail.contains(advice) == true, "\(problem?.detail ?? "")")
  }

  @Test(arguments: ["_", "_t", "_nocache", "access_token", "authorization", "token"])
  func `what caches and whoever stands in front are told is nothing to weir`(name: String) throws {
    #expect(try read("topic=a&\(name)=123").wanted.filter == read("topic=a").wanted.filter)
  }

  @Test(arguments: [
    ("", false), ("poll=1", true), ("poll=true", true), ("poll=0", false), ("poll=false", false),
    ("until=now", true), ("poll=1&until=now", true),
  ])
  func `a poll begins with all that is there where nothing else is said`(
    query: String, isPoll: Bool
  ) throws {
    #expect(try read(query).wanted.isPoll == isPoll)
    #expect(try read(query).wanted.start == (isPoll ? .oldest : .next))
    #expect(try read("\(query)&last=1").wanted.start == .last(1))
    #expect(try read("\(query)&since=now").wanted.start == .next)
  }

  @Test(arguments: ["poll=", "poll=2", "poll=yes", "until=", "until=12:00", "poll=1&poll=1"])
  func `what is no such word is told the right one`(query: String) {
    let problem = #expect(throws: Problem.self) { try read(query) }
    #expect(problem?.code == .invalidParameter && ["poll", "until"].contains(problem?.field))
  }

  @Test func `signals stand in a list, and one that there is not is told the nearest`() throws {
    #expect(try read("").wanted.signals.isEmpty)
    #expect(try read("signals=live,heartbeat").wanted.signals == [.live, .heartbeat])
    #expect(try read("signals=live&signals=live").wanted.signals == [.live])
    for (text, advice) in [
      ("lve", "did you mean 'live'?"), ("heart-beat", "did you mean 'heartbeat'?"),
      ("join", "there are live and heartbeat"), ("", "there are live and heartbeat"),
      ("live,", "there are live and heartbeat"),
    ] {
      let problem = #expect(throws: Problem.self) { try read("signals=\(text)") }
      #expect(problem?.code == .invalidParameter && problem?.field == "signals")
      #expect(problem?.detail.contains(advice) == true, "\(problem?.detail ?? "")")
    }
  }

  @Test func `the demo's parameters are known where it is on`() throws {
    let pairs = try FormDecoding.pairs("count=1&interval=1s".utf8)
    _ = try SubscribeRequest(
      pathTopic: nil, pairs: pairs, header: nil, demoNames: DemoRequest.names)
    let problem = #expect(throws: Problem.self) {
      try SubscribeRequest(pathTopic: nil, pairs: pairs, header: nil)
    }
    #expect(problem?.field == "count")
  }

  @Test func `a query that is not UTF-8 is a problem`() {
    #expect(throws: Problem.self) { try read("topic=%FF") }
  }

  @Test func `too many topics are a problem`() {
    for query in [
      (0...100).map { "topic=\($0)" }.joined(separator: "&"),
      "topics=" + (0...100).map { "\($0)" }.joined(separator: ","),
    ] {
      let problem = #expect(throws: Problem.self) { try read(query) }
      #expect(problem?.code == .tooManyTopics)
    }
  }
}
