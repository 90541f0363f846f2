import Support
import Testing

@testable import FileQueue

struct DurabilityTests {
  @Test func `with full an event is durable when it is acknowledged`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, durability: .full)
    _ = try appender.append([fixture.pending("a")])
    #expect(queue.durableNext == 2)
    #expect(queue.tail.syncedNext == 2)
  }

  @Test func `with interval readers see an event when it is on disk`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, durability: .interval)
    #expect(try appender.append([fixture.pending("a")]).sequences == 1..<2)
    #expect(queue.durableNext == 1)
    try appender.synchronize()
    #expect(queue.durableNext == 2)
    #expect(try fixture.read(queue) == ["a"])
  }

  @Test func `with none readers see an event at once`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var appender = try Appender(queue, durability: .none)
    _ = try appender.append([fixture.pending("a")])
    #expect(queue.durableNext == 2)
    #expect(queue.tail.syncedNext == 1)
  }

  @Test func `a sync is not left out because another with none has let readers go further`() throws
  {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    var careful = try Appender(queue, durability: .interval)
    var careless = try Appender(queue, durability: .none)
    _ = try careful.append([fixture.pending("a")])
    _ = try careless.append([fixture.pending("b")])
    #expect(queue.durableNext == 3)
    #expect(queue.tail.syncedNext == 1)
    try careful.synchronize()
    #expect(queue.tail.syncedNext == 3)
  }

  @Test func `a committer with interval syncs by itself, and when it is stopped`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let committer = try Committer(queue, durability: .interval)
    committer.submit(try fixture.pending("a")) { _ in }
    committer.stop()
    #expect(queue.durableNext == 2)
  }

  @Test func `what a dead process left unsynced is put on disk by the upkeep`() throws {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    do {
      var appender = try Appender(queue, durability: .interval)
      _ = try appender.append([fixture.pending("a")])
    }
    var upkeep = try UpkeepRounds(queue, retention: .standard) { isError, text in
      #expect(!isError, "\(text)")
    }
    upkeep.run()
    #expect(queue.durableNext == 1, "its process may be about to")
    upkeep.run()
    #expect(queue.durableNext == 2)
    #expect(try fixture.read(queue) == ["a"])
  }
}
