import FileQueue
import Kernel
import Support
import Synchronization
import Testing

@testable import Hub

/// How all groups are, read on a thread of its own.
struct GroupDeskTests {
  private let directory: TemporaryDirectory
  private let queue: Queue

  init() throws {
    directory = try TemporaryDirectory()
    queue = try Queue(at: directory.path.appending("queue"), creating: true)
  }

  @Test func `each who asks is told once, also behind the stop`() throws {
    let desk = try GroupDesk(queue)
    let told = Mutex<[String]>([])
    for number in 0..<50 {
      desk.ask(countMaximum: number) { result in
        told.withLock { $0.append((try? result.get()).map { "\($0.count)" } ?? "refused") }
      }
    }
    desk.stop()
    #expect(told.withLock { $0 } == Array(repeating: "0", count: 50))
    desk.ask { result in
      if case .failure(.queue(.stopped)) = result { told.withLock { $0.append("stopped") } }
    }
    #expect(told.withLock { $0.last } == "stopped")
  }

  @Test func `while files are read no more wait than may`() throws {
    let desk = try GroupDesk(queue)
    let (gate, isHeld) = (try Waker(), try Waker())
    let refused = Mutex(0)
    desk.ask { _ in
      isHeld.ring()
      _ = try? gate.wait()
    }
    _ = try isHeld.wait()
    for _ in 0..<(HubLimits.waitingGroupQueryCountMaximum + 3) {
      desk.ask { result in
        if case .failure(.queue(.stalled)) = result { refused.withLock { $0 += 1 } }
      }
    }
    #expect(refused.withLock { $0 } == 3)
    gate.ring()
    desk.stop()
  }
}
