import Foundation
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// A group's file: what a writer that dies, a power cut and damage leave of it.
@Suite("Group files") struct GroupFileTests {
  private let directory = try? TemporaryDirectory(inMemory: true)

  private func path() throws -> FilePath { try #require(directory).path.appending("g.group") }

  private func make(claims count: Int = 0) throws -> GroupFile {
    try #require(directory).write(GroupFile.content(try state(claims: count)), to: "g.group")
    return try GroupFile(GroupName("g"), at: try path())
  }

  private func state(claims count: Int) throws -> GroupState {
    var group = try GroupUnderTest(members: 9, acknowledgement: .seconds(1), credit: 1000)
    group.deal(upTo: UInt64(count) + 1)
    return group.state
  }

  private func bytes() throws -> [UInt8] { try #require(directory).bytes("g.group") }

  @Test("a state that was written is read, also when it grows over pages")
  func written() throws {
    var file = try make()
    var found = try file.readChanged()
    #expect(found == (try state(claims: 0)))
    found = try file.readChanged()
    #expect(found == nil)
    for count in [1, 500, 3, 2000, 0, 9, 4000] {
      let state = try state(claims: count)
      try file.write(state)
      found = try file.readChanged()
      #expect(found == nil)
      #expect(GroupFile.state(in: try bytes()) == state)
      var other = try GroupFile(GroupName("g"), at: try path())
      found = try other.readChanged()
      #expect(found == state)
    }
  }

  @Test("a file has no holes, which archives tell apart from zeros")
  func holes() throws {
    var file = try make()
    _ = try file.readChanged()
    try file.write(try state(claims: 2000))
    let status = try FileManager.default.attributesOfItem(atPath: try path().string)
    let byteCount = try #require(status[.size] as? Int)
    #expect(byteCount % (GroupFile.slotCount * GroupFile.pageByteCount) == 0)
    let descriptor = try Descriptor.open(try path(), .readOnly)
    // SEEK_HOLE, which Swift does not know.
    #expect(lseek(descriptor.rawValue, 0, 4) == byteCount)
  }

  @Test("a writer that dies in the middle of a write has changed nothing, or all")
  func tornWrites() throws {
    for (old, new) in [(0, 1), (1, 300), (300, 2), (700, 900)] {
      var file = try make(claims: old)
      let read = try file.readChanged()
      var before = try #require(read)
      try file.write(before)
      before.usedAt = 99
      try file.write(before)
      let start = try bytes()
      let after = try state(claims: new)
      try file.write(after)
      let end = try bytes()
      var torn = start + [UInt8](repeating: 0, count: end.count - start.count)
      // Pages are written from the last one to the first.
      for page in stride(from: end.count - 4096, through: 0, by: -4096) {
        for sector in stride(from: page, to: page + 4096, by: 512)
        where torn[sector..<sector + 512] != end[sector..<sector + 512] {
          for cut in [1, 7, 30, 511] {
            var cutTorn = torn
            cutTorn.replaceSubrange(sector..<sector + cut, with: end[sector..<sector + cut])
            let found = GroupFile.state(in: cutTorn)
            #expect(found == before || found == after)
          }
          torn.replaceSubrange(sector..<sector + 512, with: end[sector..<sector + 512])
        }
      }
      #expect(GroupFile.state(in: torn) == after)
    }
  }

  @Test("what was synced is there after a power cut, whatever became of all that was not")
  func powerCuts() throws {
    var generator = SeededGenerator()
    for _ in 0..<60 {
      var file = try make()
      var state = try self.state(claims: 0)
      _ = try file.readChanged()
      var isSynced = state
      var unsynced: Set<Int> = []
      // What the process that syncs knows.
      var synced: UInt64?
      for step in 0..<Int.random(in: 1...12, using: &generator) {
        let next = try self.state(claims: Int.random(in: 0...400, using: &generator))
        state = next
        state.usedAt = Int64(100 + step)
        try file.write(state)
        unsynced.formUnion([0, 1])
        guard Bool.random(using: &generator) else { continue }
        while true {
          var upkeep = try GroupFile(GroupName("g"), at: try path())
          let before = try bytes()
          guard let noted = try upkeep.noteForDisk(failed: nil, synced: synced) else { break }
          // What is there already is put on disk, and not written again.
          if try bytes() != before { unsynced.insert(noted.slot) }
          guard Int.random(in: 0..<3, using: &generator) > 0 else {
            // It dies before the sync; another one goes on.
            synced = nil
            break
          }
          synced = noted.number
          unsynced = []
          if noted.isNewest {
            isSynced = state
            break
          }
        }
      }
      var left = try bytes()
      for page in 0..<(left.count / 4096) where unsynced.contains(page % GroupFile.slotCount) {
        for sector in stride(from: page * 4096, to: (page + 1) * 4096, by: 512)
        where Bool.random(using: &generator) {
          for index in sector..<(sector + 512) { left[index] = 0 }
        }
      }
      guard let found = GroupFile.state(in: left) else {
        Issue.record("nothing is left of the group: WEIR_SEED=\(SeededGenerator.seed) replays this")
        return
      }
      #expect(found.usedAt >= isSynced.usedAt || found == state)
    }
  }

  @Test("a sync that failed is done again in the same place, because the other one is on disk")
  func failedSyncs() throws {
    var file = try make()
    _ = try file.readChanged()
    try file.write(try state(claims: 1))
    var upkeep = try GroupFile(GroupName("g"), at: try path())
    var noted = [try upkeep.noteForDisk(failed: nil, synced: 1)]
    noted.append(try upkeep.noteForDisk(failed: nil, synced: 2))
    try file.write(try state(claims: 2))
    noted.append(try upkeep.noteForDisk(failed: 3, synced: 1))
    try file.write(try state(claims: 3))
    noted.append(try upkeep.noteForDisk(failed: nil, synced: 3))
    // What another process has written may not be on disk.
    noted.append(try upkeep.noteForDisk(failed: nil, synced: nil))
    #expect(noted.map { $0?.slot } == [3, nil, 3, 2, 2])
    #expect(noted.map { $0?.number } == [2, nil, 3, 4, 4])
  }

  @Test("whatever bytes are in the file, it is read or told to be damaged")
  func garbage() throws {
    var generator = SeededGenerator()
    for _ in 0..<300 {
      var file = try make(claims: 50)
      _ = try file.readChanged()
      try file.write(try state(claims: 60))
      var bytes = try bytes()
      for _ in 0..<Int.random(in: 1...40, using: &generator) {
        let page = Int.random(in: 0..<4, using: &generator) * 4096
        bytes[page + Int.random(in: 0..<200, using: &generator)] = .random(
          in: 0...255, using: &generator)
      }
      if Bool.random(using: &generator) {
        bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator))
      }
      try #require(directory).overwrite("g.group", with: bytes)
      var other = try GroupFile(GroupName("g"), at: try path())
      do throws(GroupError) {
        if let state = try other.readChanged() {
          do { try other.write(state) } catch { Issue.record("\(error)") }
        }
      } catch {
        guard case .damaged = error else {
          Issue.record("\(error)")
          return
        }
      }
    }
  }
}
