import Support
import Testing

@testable import FileQueue

/// `QueueCheck` knows of acknowledged events that are gone, before the next start as after it.
struct MissingEndTests {
  private static let name = "00000000000000000001.sse"

  enum Loss: CaseIterable {
    case cutAtARecord, cutWithinARecord, lastBytesZeroed, emptied, carriageReturns, deleted
    case deletedWithItsIndex
  }

  private func damage(_ fixture: QueueFixture) throws -> [String] {
    var damage: [String] = []
    try QueueCheck(fixture.path).run { if $0.isDamage { damage.append("\($0)") } }
    return damage
  }

  private func lose(_ loss: Loss, _ fixture: QueueFixture) throws {
    let bytes = try fixture.directory.bytes(Self.name)
    let record = bytes.count / 5
    let left: [UInt8]
    switch loss {
    case .cutAtARecord: left = Array(bytes[..<(record * 3)])
    case .cutWithinARecord: left = Array(bytes[..<(record * 3 + 10)])
    case .lastBytesZeroed:
      left = bytes[..<(bytes.count - 50)] + [UInt8](repeating: 0, count: 50)
    case .emptied: left = []
    case .carriageReturns: left = bytes.flatMap { $0 == 10 ? [13, 10] : [$0] }
    case .deleted: return try fixture.directory.remove(Self.name)
    case .deletedWithItsIndex:
      try fixture.directory.remove(Self.name)
      return try fixture.directory.remove("00000000000000000001.idx")
    }
    try fixture.directory.overwrite(Self.name, with: left)
  }

  @Test(arguments: Loss.allCases)
  func `what is gone from the end is damage, also after the next start`(loss: Loss) throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c", "d", "e"])
    #expect(try damage(fixture).isEmpty)
    try lose(loss, fixture)
    #expect(try !damage(fixture).isEmpty)
    let queue = try Queue(readingAt: fixture.path)
    #expect(queue.durableNext == 6)
    try fixture.fill(["f"])
    #expect(try !damage(fixture).isEmpty)
    #expect(try fixture.read(try fixture.open()).last == "f")
    #expect(try fixture.open().durableNext == 7)
    _ = try QueueRepair.run(fixture.path)
    #expect(try damage(fixture).isEmpty, "once it is noted")
  }

  @Test(arguments: [false, true])
  func `a segment at the begin that retention has not removed is missed`(hasRestarted: Bool) throws
  {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c", "d", "e"], segmentByteCountMaximum: 200)
    try fixture.directory.remove(Self.name)
    if hasRestarted { #expect(try fixture.open().recovery.missingEventCount > 0) }
    #expect(try damage(fixture).contains { $0.contains("MISSING at the begin") })
    _ = try QueueRepair.run(fixture.path)
    #expect(try damage(fixture).isEmpty, "once it is noted")
  }

  @Test func `what retention has removed is not missed`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c", "d", "e"], segmentByteCountMaximum: 200)
    let queue = try fixture.open()
    var rounds = try UpkeepRounds(
      queue,
      retention: Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: 2)
    ) { _, _ in }
    rounds.run()
    #expect(try queue.oldestSequence() > 1)
    #expect(try damage(fixture).isEmpty)
  }
}
