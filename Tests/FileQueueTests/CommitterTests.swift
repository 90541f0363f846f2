import Foundation
import Support
import Synchronization
import Testing

@testable import FileQueue

struct CommitterTests {
  @Test func `events of many threads are each acknowledged once, in the order of the queue`() throws
  {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let committer = try Committer(queue)
    let acknowledged = Mutex<[UInt64: String]>([:])
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for number in 0..<50 {
        let text = "\(thread)/\(number)"
        guard let event = try? fixture.pending(text) else { return }
        committer.submit(event) { result in
          guard case .success(let appended) = result else { return }
          acknowledged.withLock { $0[appended.sequence] = text }
        }
      }
    }
    committer.stop()
    let found = try fixture.read(queue)
    let told = acknowledged.withLock { $0 }
    #expect(told.count == 400)
    #expect(found == (1...400).map { told[UInt64($0)] ?? "missing" })
    for thread in 0..<8 {
      let own = found.filter { $0.hasPrefix("\(thread)/") }
      #expect(own == (0..<50).map { "\(thread)/\($0)" })
    }
  }

  @Test func `a committer that was stopped refuses, it does not forget`() throws {
    let fixture = try QueueFixture()
    let committer = try Committer(try fixture.open())
    committer.stop()
    let refused = Mutex(false)
    committer.submit(try fixture.pending("late")) { result in
      if case .failure(.stopped) = result { refused.withLock { $0 = true } }
    }
    #expect(refused.withLock { $0 })
  }

  @Test func `a batch goes in together and in its order, between events that come by themselves`()
    throws
  {
    let fixture = try QueueFixture()
    let queue = try fixture.open()
    let committer = try Committer(queue)
    let told = Mutex<[UInt64: String]>([:])
    DispatchQueue.concurrentPerform(iterations: 4) { thread in
      for number in 0..<20 {
        let texts = (0..<50).map { "\(thread)/\(number)/\($0)" }
        guard let events = try? texts.map({ try fixture.pending($0) }) else { return }
        committer.submit(events) { result in
          guard case .success(let outcomes) = result else { return }
          told.withLock { told in
            for (text, outcome) in zip(texts, outcomes) { told[outcome.sequence ?? 0] = text }
          }
        }
        let text = "\(thread)/\(number)/alone"
        guard let event = try? fixture.pending(text) else { return }
        committer.submit(event) { result in
          guard case .success(let appended) = result else { return }
          told.withLock { $0[appended.sequence] = text }
        }
      }
    }
    committer.stop()
    let found = try fixture.read(queue)
    let acknowledged = told.withLock { $0 }
    #expect(found.count == 4 * 20 * 51)
    #expect(found == (1...UInt64(found.count)).map { acknowledged[$0] ?? "missing" })
    for (index, text) in zip(found.indices, found) where text.hasSuffix("/0") {
      let beginning = text.dropLast(1)
      #expect(Array(found[index..<(index + 50)]) == (0..<50).map { beginning + "\($0)" })
    }
  }

  @Test func `a batch that comes after the stop is refused as a whole`() throws {
    let fixture = try QueueFixture()
    let committer = try Committer(try fixture.open())
    committer.stop()
    let refused = Mutex(false)
    committer.submit([try fixture.pending("late"), try fixture.pending("later")]) { result in
      if case .failure(.stopped) = result { refused.withLock { $0 = true } }
    }
    #expect(refused.withLock { $0 })
  }
}
