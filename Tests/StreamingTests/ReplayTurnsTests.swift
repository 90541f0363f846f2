import Testing

@testable import FileQueue
@testable import Streaming

struct ReplayTurnsTests {
  private static func audience(_ topic: String) throws -> Audience {
    Audience(Audience.Key(filter: try TopicFilter([topic]), requestID: 1))
  }

  private static func turn(of audience: Audience, now: Int64) -> ReplayTurns.Turn {
    let cursor = Cursor(sequence: 9, segment: SegmentName(first: 1), offset: 0)
    return ReplayTurns.Turn(
      of: audience, frame: nil, next: .event(cursor), lastSequence: 7, now: now)
  }

  @Test func `a turn is known to its audience, at its place, for a while`() throws {
    var turns = ReplayTurns()
    let audience = try Self.audience("a")
    turns.note(Self.turn(of: audience, now: 0), from: 5)
    let limit = StreamLimits.replayTurnAgeMaximum.wholeNanoseconds
    #expect(turns.turn(of: audience, from: 5, joinsAt: 9, now: limit) { 0 }?.lastSequence == 7)
    #expect(turns.turn(of: audience, from: 5, joinsAt: 9, now: limit + 1) { 0 } == nil)
    #expect(turns.turn(of: audience, from: 6, joinsAt: 9, now: 0) { 0 } == nil)
    #expect(turns.turn(of: try Self.audience("b"), from: 5, joinsAt: 9, now: 0) { 0 } == nil)
  }

  @Test func `an audience that comes after one that is gone never gets its turns`() throws {
    var turns = ReplayTurns()
    for number in 0..<1000 {
      let audience = try Self.audience("\(number)")
      #expect(turns.turn(of: audience, from: 5, joinsAt: 9, now: 0) { 0 } == nil)
      turns.note(Self.turn(of: audience, now: 0), from: 5)
    }
  }

  @Test func `only so many turns are kept`() throws {
    var turns = ReplayTurns()
    let audience = try Self.audience("a")
    let turn = Self.turn(of: audience, now: 0)
    for sequence in 0..<1000 { turns.note(turn, from: UInt64(sequence)) }
    let known = (0..<1000).filter {
      turns.turn(of: audience, from: UInt64($0), joinsAt: 9, now: 0) { 0 } != nil
    }
    #expect(known.count <= StreamLimits.replayTurnCountMaximum)
    #expect(known.last == 999)
  }
}
