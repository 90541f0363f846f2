import ArgumentParser
import EventStream
import FileQueue
import Kernel
import Synchronization
import SystemPackage

/// The command `QueueBenchmark together`.
struct Together: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append single events: one publisher that waits for each, then many at once.")

  @OptionGroup var option: QueueOption
  @Option(help: "Publishers at once.")
  var publishers = 64
  @Option(help: "Seconds for each of the two, in turns of one second.")
  var seconds = 4

  func run() throws {
    let queue = try Queue(at: FilePath(option.queue), creating: true)
    let committer = try Committer(queue)
    var alone = 0
    var together = 0
    for _ in 0..<seconds {
      alone += try publish(by: 1, committer)
      together += try publish(by: publishers, committer)
    }
    committer.stop()
    try printFigures([
      "alone_per_second": Double(alone) / Double(seconds),
      "together_per_second": Double(together) / Double(seconds),
      "ratio": Double(together) / Double(max(1, alone)),
    ])
  }

  /// Publishes for a second; a publisher sends its next event when the last one is on disk.
  private func publish(by count: Int, _ committer: Committer) throws -> Int {
    let event = try PendingEvent(
      Event(data: String(repeating: "x", count: 100)), topic: .default)
    let round = PublishRound(committer, event)
    for _ in 0..<count { round.submit() }
    _ = try Waker().wait(timeout: .seconds(1))
    return try round.finish(publishers: count)
  }
}

/// Publishers that keep a committer busy until they are told to end.
private final class PublishRound: Sendable {
  private let committer: Committer
  private let event: PendingEvent
  private let state = Mutex((acknowledged: 0, ended: 0, isEnding: false))

  init(_ committer: Committer, _ event: PendingEvent) {
    self.committer = committer
    self.event = event
  }

  func submit() {
    committer.submit(event) { _ in
      let goesOn = self.state.withLock { state in
        state.acknowledged += 1
        if state.isEnding { state.ended += 1 }
        return !state.isEnding
      }
      if goesOn { self.submit() }
    }
  }

  /// Waits until each publisher has its last acknowledgement; returns the number of all.
  func finish(publishers: Int) throws -> Int {
    state.withLock { $0.isEnding = true }
    let waker = try Waker()
    while state.withLock({ $0.ended }) < publishers {
      _ = try waker.wait(timeout: .milliseconds(1))
    }
    return state.withLock { $0.acknowledged }
  }
}
