import Support
import Testing

@testable import FileQueue

struct RepairTests {
  private static let name = "00000000000000000001.sse"

  private func findings(_ fixture: QueueFixture) throws -> (damage: [String], all: String) {
    var damage: [String] = []
    var all: [String] = []
    try QueueCheck(fixture.path).run { finding in
      if finding.isDamage { damage.append("\(finding)") }
      all.append("\(finding)")
    }
    return (damage, all.joined(separator: "\n"))
  }

  @Test func `damage goes into quarantine, what is whole stays, and the check is content`() throws {
    let fixture = try QueueFixture()
    try fixture.fill(["a", "b", "c"], segmentByteCountMaximum: 1000)
    try fixture.fill(["d", "e", "f"], segmentByteCountMaximum: 200)
    var bytes = try fixture.directory.bytes(Self.name)
    let whole = bytes
    bytes[bytes.count / 2] ^= 0x40
    try fixture.directory.write(bytes, to: Self.name)
    #expect(try !findings(fixture).damage.isEmpty)
    let mended = try QueueRepair.run(fixture.path)
    #expect(mended.contains { $0.contains("damaged bytes out of \(Self.name)") })
    #expect(try fixture.directory.bytes("quarantine/\(Self.name)") == bytes)
    #expect(whole.count > (try fixture.directory.bytes(Self.name).count))
    let after = try findings(fixture)
    #expect(after.damage.isEmpty)
    #expect(after.all.contains("lost earlier"))
    let queue = try fixture.open()
    #expect(try fixture.read(queue) == ["a", "gap 2..<3", "c", "d", "e", "f"])
    #expect(queue.recovery.findings.isEmpty)
  }

  @Test func `derived files are made anew`() throws {
    let fixture = try QueueFixture()
    let texts = (1...12).map { "event \($0)" }
    try fixture.fill(texts, segmentByteCountMaximum: 300)
    for name in try fixture.directory.names() where name.hasSuffix(".idx") {
      var bytes = try fixture.directory.bytes(name)
      if !bytes.isEmpty { bytes[0] ^= 1 }
      try fixture.directory.write(bytes, to: name)
    }
    #expect(try !findings(fixture).damage.isEmpty)
    _ = try QueueRepair.run(fixture.path)
    #expect(try findings(fixture).damage.isEmpty)
    #expect(try fixture.directory.names().contains { $0.hasSuffix(".topics") })
    #expect(try fixture.read(try fixture.open()) == texts)
  }

  @Test func `a queue in use is not repaired`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let error = #expect(throws: QueueError.self) { try QueueRepair.run(fixture.path) }
    guard case .inUse = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(queue.durableNext == 1)
  }

  @Test(arguments: ["tail", "lock"])
  func `a shared file that is deleted while it is in use is noticed`(name: String) throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue)
    _ = try appender.append([fixture.pending("a")])
    try fixture.directory.remove(name)
    let error = #expect(throws: QueueError.self) { try appender.append([fixture.pending("b")]) }
    #expect("\(error.map { "\($0)" } ?? "")".contains("was deleted"))
  }
}
