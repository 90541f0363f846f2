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
}
