import Kernel
import Synchronization

/// The thread that publishes while another one reads the streams.
final class PublishThread: Sendable {
  private let result = Mutex<Result<PublishTally, any Error>?>(nil)
  private let thread = Mutex<Thread?>(nil)

  /// Starts to publish.
  init(_ publish: @escaping @Sendable (inout PublishTally) throws -> Void, dialect: Dialect) throws
  {
    let thread = try Thread(name: "publisher") {
      let result = Result {
        var tally = PublishTally(dialect)
        try publish(&tally)
        tally.threadNanoseconds = Clock.threadNanoseconds()
        return tally
      }
      self.result.withLock { $0 = result }
    }
    self.thread.withLock { $0 = thread }
  }

  /// What came of it; nil while it runs.
  func tally() throws -> PublishTally? {
    try result.withLock { try $0?.get() }
  }

  /// Waits for the thread's end; called once.
  func join() {
    thread.withLock { $0 }?.join()
  }
}
