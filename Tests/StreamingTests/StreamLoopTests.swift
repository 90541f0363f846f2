import EventStream
import Kernel
import Testing

@testable import FastCGI
@testable import Figures
@testable import FileQueue
@testable import Streaming

struct StreamLoopTests {
  @Test func `who stops the loop gives each stream what is on disk, then ends one after the other`()
    throws
  {
    let fixture = try LoopFixture()
    for _ in 0..<4 { try fixture.subscribe(from: 1) }
    try fixture.publish("one")
    let begin = Clock.monotonicNanoseconds()
    fixture.loop.beginDrain(over: .seconds(9))
    #expect(fixture.loop.subscribers.count == 3, "the first one ends at once")
    for index in 0..<4 { #expect(try fixture.received(by: index) == ["one"]) }
    try fixture.publish("two")
    fixture.loop.drain(now: begin + 3_000_000_000)
    #expect(fixture.loop.subscribers.count == 2)
    let two = try (1..<4).map { try fixture.received(by: $0) }
    #expect(two == [["two"], ["two"], ["two"]], "those that were left have got it")
    #expect(!fixture.loop.isStopping)
    fixture.loop.drain(now: begin + 9_000_000_000)
    #expect(fixture.loop.subscribers.count == 0)
    #expect(fixture.loop.isStopping)
    #expect(fixture.admission.streamCount == 0)
  }

  @Test func `who has caught up is live at once, however many others are behind`() throws {
    let fixture = try LoopFixture(published: ["one"])
    let count = StreamLimits.replayRoundTurnCountMaximum + 44
    for _ in 0..<count { try fixture.subscribe(from: 1) }
    fixture.loop.serveBehind()
    fixture.loop.joinWaiting()
    #expect(fixture.loop.behind.count < count)
    try fixture.publish("two")
    fixture.loop.runPass()
    #expect(try fixture.received(by: 0) == ["one", "two"])
  }

  @Test(arguments: [true, false])
  func `an audience that is sent very much reads it in turns, if there are others`(
    hasOthers: Bool
  ) throws {
    let fixture = try LoopFixture()
    for _ in 0..<200 { try fixture.subscribe(from: 1) }
    if hasOthers { try fixture.subscribe(from: 1, topic: "other") }
    let data = (0..<25).map { "\($0) " + String(repeating: "x", count: 1000) }
    for data in data { try fixture.publish(data) }
    fixture.loop.runPass()
    #expect(fixture.loop.behind.count == (hasOthers ? 200 : 0))
    var received = [[String]](repeating: [], count: 200)
    for _ in 0..<100 {
      fixture.loop.serveBehind()
      fixture.loop.joinWaiting()
      for index in received.indices { received[index] += try fixture.received(by: index) }
    }
    #expect(fixture.loop.behind.isEmpty)
    #expect(received.allSatisfy { $0 == data })
  }

  @Test func `an event of several topics comes once to whoever wants one or more of them`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1, topic: "a", "b")
    try fixture.subscribe(from: 1, topic: "b")
    try fixture.subscribe(from: 1, topic: ">", "a")
    try fixture.subscribe(from: 1, topic: "c", "none")
    try fixture.subscribe(from: 1, topic: "none")
    try fixture.publish("x", topics: ["a", "b", "c"])
    try fixture.publish("y", topics: ["a"])
    fixture.loop.runPass()
    #expect(try fixture.received(by: 0) == ["x", "y"])
    #expect(try fixture.received(by: 1) == ["x"])
    #expect(try fixture.received(by: 2) == ["x", "y"])
    #expect(try fixture.received(by: 3) == ["x"])
    #expect(try fixture.received(by: 4).isEmpty)
  }

  @Test func `one event for many audiences is rendered a bounded number of times in a pass`() throws
  {
    let fixture = try LoopFixture()
    for number in 0..<500 { try fixture.subscribe(from: 1, topic: "default", "user.\(number)") }
    let data = (0..<10).map { "\($0) " + String(repeating: "x", count: 10_000) }
    for data in data { try fixture.publish(data) }
    var passCount = 0
    while fixture.loop.feed.sequence < fixture.queue.durableNext {
      let before = fixture.loop.feed.sequence
      fixture.loop.runPass()
      passCount += 1
      // 500 audiences, 10 KB an event: 5 MB each.
      #expect(fixture.loop.feed.sequence - before <= 5)
    }
    #expect(passCount >= 2)
    var text = ""
    for _ in 0..<4 { text += try fixture.receivedText() }
    let lines = text.split(separator: "\n").filter { $0.contains("data: ") }
    #expect(lines.map { String($0.split(separator: "data: ").last ?? "") } == data)
  }

  @Test func `one event for very many audiences is rendered for some, and the others read it`()
    throws
  {
    let fixture = try LoopFixture()
    let count = 1800
    for number in 0..<count { try fixture.subscribe(from: 1, topic: "default", "user.\(number)") }
    let data = String(repeating: "x", count: 16_000)
    try fixture.publish(data)
    fixture.loop.runPass()
    let live = fixture.loop.audiences.all.values.count { !$0.live.isEmpty }
    #expect(live * 16_000 < StreamLimits.passRenderedByteCountMaximum + 100_000)
    #expect(fixture.loop.behind.count == count - live)
    for _ in 0..<100 { fixture.loop.serveBehind() }
    for index in 0..<count { #expect(try fixture.received(by: index) == [data]) }
  }

  @Test func `a large event comes in pieces of a bounded size, in its place`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    let large = String(repeating: "y", count: 200_000)
    for data in ["one", large, "three"] { try fixture.publish(data) }
    fixture.loop.runPass()
    var text = ""
    for _ in 0..<100 {
      if case .blocked(let frame, _, _) = fixture.loop.subscribers.all[0].state {
        #expect(frame.capacity <= 64 << 10)
        fixture.loop.resume(fixture.loop.subscribers.all[0])
      }
      fixture.loop.serveBehind()
      fixture.loop.joinWaiting()
      text += try fixture.receivedText()
    }
    #expect(text.contains("data: one\n"))
    #expect(text.filter { $0 == "y" }.count == large.count)
    #expect(text.contains("data: three\n"))
    if case .live = fixture.loop.subscribers.all[0].state {
    } else {
      Issue.record("the stream is not live again")
    }
  }

  @Test func `a thousand streams end evenly`() throws {
    let fixture = try LoopFixture()
    for _ in 0..<1000 { try fixture.subscribe(from: 1) }
    let begin = Clock.monotonicNanoseconds()
    fixture.loop.beginDrain(over: .seconds(100))
    for elapsed in stride(from: Int64(1), through: 100, by: 1) {
      let now = begin + elapsed * 1_000_000_000
      while let timer = fixture.loop.timers.min, timer.deadline <= now {
        fixture.loop.timers.removeMin()
        if case .drain = timer.task { fixture.loop.drain(now: timer.deadline) }
      }
      let count = Int64(fixture.loop.subscribers.count)
      #expect(abs(count - (1000 - elapsed * 10)) <= 2)
    }
  }

  @Test func `a stream that is too old ends, at 80 to 100 % of the limit, and a younger one stays`()
    throws
  {
    var configuration = StreamConfiguration()
    configuration.ageMaximum = .seconds(100)
    let fixture = try LoopFixture(configuration)
    for _ in 0..<50 { try fixture.subscribe(from: 1) }
    let begin = Clock.monotonicNanoseconds()
    fixture.loop.endAged(now: begin + 79_000_000_000)
    #expect(fixture.loop.subscribers.count == 50)
    fixture.loop.endAged(now: begin + 90_000_000_000)
    #expect((5..<45).contains(fixture.loop.subscribers.count), "not all at one time")
    fixture.loop.endAged(now: begin + 101_000_000_000)
    #expect(fixture.loop.subscribers.count == 0)
    #expect(fixture.admission.streamCount == 0)
  }

  @Test func `an event is counted when a subscriber has all of it, live or later, once`() throws {
    let fixture = try LoopFixture(published: ["one"])
    try fixture.subscribe(from: 2)
    #expect(fixture.counted[.streamsLive] == 1)
    try fixture.publish("two")
    fixture.loop.runPass()
    #expect(fixture.counted[.deliveries] == 1)
    #expect(Histogram.lag.count(in: fixture.counted) == 1)
    // More than a socket holds: the stream is blocked in the middle of a frame.
    let text = String(repeating: "x", count: 10_000)
    for _ in 0..<60 {
      try fixture.publish(text)
      fixture.loop.runPass()
    }
    let whole = fixture.counted[.deliveries]
    #expect(whole > 1 && whole < 61)
    #expect(fixture.counted[.streamsBlocked] == 1 && fixture.counted[.falls] == 1)
    #expect(Histogram.lag.count(in: fixture.counted) == whole + 1, "one is on its way")
    // So large that it goes in pieces.
    try fixture.publish(String(repeating: "y", count: 1_000_000))
    fixture.loop.runPass()
    let subscriber = try #require(fixture.loop.subscribers.all.first)
    let deadline = Clock.monotonicNanoseconds() + 20_000_000_000
    while fixture.counted[.streamsLive] == 0 {
      try #require(Clock.monotonicNanoseconds() < deadline)
      _ = try fixture.received()
      fixture.loop.resume(subscriber)
      fixture.loop.serveBehind()
      fixture.loop.joinWaiting()
    }
    #expect(fixture.counted[.deliveries] == 62)
    #expect(fixture.counted[.replayedEvents] == 62 - whole - 1)
    #expect(fixture.counted.openStreamCount == 1)
    fixture.loop.endAll()
    #expect(fixture.counted.openStreamCount == 0)
    #expect(fixture.counted[.streamsOpened] == 1 && fixture.counted[.streamsClosed] == 1)
  }

  @Test func `what was read before an error is sent at once, and the rest later, once`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    try fixture.publish("one")
    try fixture.publish("two")
    try fixture.withUnreadable(segment: 2) {
      fixture.loop.runPass()
      let first = try fixture.received()
      #expect(first == ["one"])
      #expect(fixture.loop.feedPause.delay(now: Clock.monotonicNanoseconds()) > 0)
      fixture.loop.runPass()
      let nothing = try fixture.received()
      #expect(nothing == [])
    }
    fixture.loop.runPass()
    #expect(try fixture.received() == ["two"])
  }

  @Test func `a stream that is behind outlives an error, and gets each event once`() throws {
    let fixture = try LoopFixture(published: ["one", "two", "three"])
    try fixture.withUnreadable(segment: 2) {
      try fixture.subscribe(from: 1)
      for _ in 0..<10 { fixture.loop.serveBehind() }
      let first = try fixture.received()
      #expect(first == ["one"])
      #expect(fixture.loop.behind.isEmpty, "a stream in a pause is not read for")
    }
    let deadline = Clock.monotonicNanoseconds() + 20_000_000_000
    var received: [String] = []
    while received.count < 2, Clock.monotonicNanoseconds() < deadline {
      fixture.loop.runTimers()
      fixture.loop.serveBehind()
      received += try fixture.received()
    }
    #expect(received == ["two", "three"])
    #expect(fixture.loop.subscribers.count == 1)
  }
  @Test func `who waits for the queue hears heartbeats, but not in the middle of an event`() throws
  {
    let large = String(repeating: "y", count: 100_000)
    let fixture = try LoopFixture(published: ["one", large])
    try fixture.withUnreadable(segment: 1) {
      try fixture.subscribe(from: 1)
      fixture.loop.serveBehind()
      _ = try fixture.receivedText()
      fixture.loop.breakSilenceOfOthers(now: Clock.monotonicNanoseconds())
      let heard = try fixture.receivedText()
      #expect(heard.contains(":\n"))
    }
    let subscriber = try #require(fixture.loop.subscribers.all.first)
    guard case .pausing(let next) = subscriber.state else {
      Issue.record("the stream is in no pause")
      return
    }
    fixture.loop.proceed(subscriber, next)
    var text = ""
    while text.filter({ $0 == "y" }).count < large.count {
      fixture.loop.serveBehind()
      text += try fixture.receivedText()
      if case .behind(.inside) = subscriber.state {
        fixture.loop.breakSilenceOfOthers(now: Clock.monotonicNanoseconds())
      }
    }
    #expect(!text.contains(":\n"))
  }

  @Test func `a stream that closes while it is behind is gone at once`() throws {
    let fixture = try LoopFixture(published: ["one"])
    for _ in 0..<3 { try fixture.subscribe(from: 1) }
    #expect(fixture.loop.behind.count == 3)
    fixture.loop.close(fixture.loop.subscribers.all[0])
    #expect(fixture.admission.streamCount == 2, "its slot is free")
    fixture.loop.serveBehind()
    fixture.loop.joinWaiting()
    #expect(fixture.counted[.streamsLive] == 2)
  }

  @Test func `who has no id yet when its stream ends is told one, and nobody else`() throws {
    let fixture = try LoopFixture(published: ["one"])
    try fixture.subscribe(from: 2)
    fixture.loop.endAll()
    let id = EventID(epoch: fixture.queue.epoch, sequence: 1)
    #expect(try fixture.receivedText().contains("id: \(id)\n\n"))
    try fixture.subscribe(from: 1)
    fixture.loop.serveBehind()
    fixture.loop.joinWaiting()
    _ = try fixture.receivedText(by: 1)
    fixture.loop.endAll()
    #expect(try !fixture.receivedText(by: 1).contains("id:"))
  }

  @Test func `who falls behind keeps the last id that it was told`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    let text = String(repeating: "x", count: 10_000)
    for _ in 0..<60 {
      try fixture.publish(text)
      fixture.loop.runPass()
    }
    let subscriber = try #require(fixture.loop.subscribers.all.first)
    guard case .blocked = subscriber.state else {
      Issue.record("the stream's socket takes everything")
      return
    }
    #expect(try #require(subscriber.toldSequence) > 1)
  }
}
