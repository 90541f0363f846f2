import EventStream
import Foundation
import Kernel
import Testing

@testable import FastCGI
@testable import Figures
@testable import FileQueue
@testable import Streaming

/// An event that expires while the loop waits for something is not sent any more.
struct ExpiryTests {
  /// A time that comes when the fixture's clock is set to it.
  private let time = Clock.unixMilliseconds() + 3_600_000

  private func data(in text: String) -> [String] {
    text.split(separator: "\n").filter { $0.contains("data: ") }
      .map { String($0.split(separator: "data: ").last ?? "") }
  }

  @Test func `an event that expires before the pass reaches nobody who is live`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    try fixture.publish("short", expiresAt: time)
    try fixture.publish("long")
    fixture.wall.set(time)
    fixture.loop.runPass()
    #expect(try fixture.received() == ["long"])
    #expect(fixture.counted[.deliveries] == 1)
  }

  @Test func `an event that expires before the turn reaches nobody who is behind`() throws {
    let fixture = try LoopFixture()
    try fixture.publish("long")
    try fixture.publish("short", expiresAt: time)
    try fixture.publish("longer")
    try fixture.resume(after: 0)
    fixture.wall.set(time)
    fixture.serve()
    #expect(try fixture.received() == ["long", "longer"])
  }

  @Test func `a turn that is remembered is not sent again with an event that has expired since`()
    throws
  {
    let fixture = try LoopFixture()
    try fixture.publish("long")
    try fixture.publish("short", expiresAt: time)
    try fixture.resume(after: 0)
    // One that never catches up keeps the turns in memory.
    for _ in 0...StreamLimits.replayRoundTurnCountMaximum { try fixture.resume(after: 0) }
    fixture.loop.serveBehind()
    #expect(try fixture.received() == ["long", "short"])
    #expect(!fixture.loop.behind.isEmpty)
    fixture.wall.set(time)
    fixture.serve()
    #expect(try fixture.received(by: StreamLimits.replayRoundTurnCountMaximum + 1) == ["long"])
  }

  @Test(arguments: [20_000, 200_000])
  func `a large event that expires before its first piece is passed over`(byteCount: Int) throws {
    let fixture = try LoopFixture()
    try fixture.publish(String(repeating: "y", count: byteCount), expiresAt: time)
    try fixture.publish("after")
    try fixture.resume(after: 0)
    // A turn has found where it lies; the next one, with the first piece of it, comes too late.
    let body = try #require(try fixture.loop.reader.body(of: 1))
    fixture.loop.subscribers.all[0].state = .behind(.inside(body, sentByteCount: 0))
    fixture.wall.set(time)
    fixture.loop.runPass()
    #expect(try data(in: fixture.textUntilLive()) == ["after"])
  }

  @Test func `a large event that has begun is sent to its end`() throws {
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    let large = String(repeating: "y", count: 200_000)
    try fixture.publish(large, expiresAt: time)
    fixture.loop.runPass()
    fixture.serve(rounds: 2)
    fixture.wall.set(time)
    let text = try fixture.textUntilLive()
    #expect(text.filter { $0 == "y" }.count == large.count)
    #expect(fixture.counted[.deliveries] == 1)
  }

  private static let text = String(repeating: "x", count: 2500)
  private static let perPass = 16

  private func publishPass(_ fixture: LoopFixture, expiresAt: Int64? = nil) throws {
    for number in 10..<(10 + Self.perPass) {
      try fixture.publish("\(number) \(Self.text)", expiresAt: expiresAt)
    }
  }

  @Test func `an event that expires while a frame is held for a full socket is left out of it`()
    throws
  {
    var passCount = 0
    let trial = try LoopFixture()
    try trial.subscribe(from: 1)
    while trial.counted[.streamsBlocked] == 0 {
      try publishPass(trial)
      trial.loop.runPass()
      passCount += 1
    }
    let fixture = try LoopFixture()
    try fixture.subscribe(from: 1)
    for _ in 1..<passCount {
      try publishPass(fixture)
      fixture.loop.runPass()
    }
    try publishPass(fixture, expiresAt: time)
    fixture.loop.runPass()
    guard case .blocked(let frame, let done, _) = fixture.loop.subscribers.all[0].state else {
      Issue.record("the stream is not blocked")
      return
    }
    #expect(!frame.hasExpired(from: done, fixture.wall.now))
    fixture.wall.set(time)
    // All take as many bytes, for their ids have as many digits.
    let byteCount = (frame.byteCount - RecordHeader.byteCount) / Self.perPass
    let begunCount = (max(0, done - RecordHeader.byteCount) + byteCount - 1) / byteCount
    #expect(begunCount < Self.perPass)
    let text = try fixture.textUntilLive()
    let received = data(in: text)
    #expect(received.count == (passCount - 1) * Self.perPass + begunCount)
    #expect(received.allSatisfy { $0.count == Self.text.count + 3 }, "each that has begun is whole")
    #expect(fixture.counted[.deliveries] == UInt64(received.count))
    // What stands in the place of the others is a comment, and the frame's records are whole.
    #expect(text.components(separatedBy: "\n:    ").count - 1 == Self.perPass - begunCount)
    try fixture.publish("after")
    fixture.loop.runPass()
    #expect(try fixture.received() == ["after"])
  }
}
