import EventStream
import FileQueue
import Kernel
import Synchronization

/// Delayed events as the probe makes and publishes them.
struct DelayedEvents {
  /// Small enough for the file to be made anew in a test.
  static let deadByteCountMaximum = 1000
  let queue: Queue
  private let committer: Committer
  private let publisher: DelayedPublisher
  private let said = Said()

  private final class Said: Sendable {
    let lines = Mutex<[String]>([])
  }

  init(_ queue: Queue) throws {
    self.queue = queue
    committer = try Committer(queue)
    let said = said
    publisher = try DelayedPublisher(
      queue, committer, deadByteCountMaximum: Self.deadByteCountMaximum
    ) { isError, text in
      if isError { said.lines.withLock { $0.append(text) } }
    }
  }

  /// Takes in the events of a batch and waits for what is said of each.
  func add(_ events: [DelayedEvent]) throws -> [Result<DelayedOutcome, QueueError>] {
    try answers(events.count) { place, tell in publisher.add(events[place]) { tell($0) } }
  }

  /// Cancels events and waits for what is said of each.
  func cancel(_ ids: [DelayedID]) throws -> [Result<DelayedCancellation, QueueError>] {
    try answers(ids.count) { place, tell in publisher.cancel(ids[place]) { tell($0) } }
  }

  private func answers<Answer: Sendable>(
    _ count: Int, _ ask: (Int, @escaping @Sendable (Answer) -> Void) -> Void
  ) throws -> [Answer] {
    let answers = Answers<Answer>(count: count, waker: try Waker())
    for place in 0..<count { ask(place) { answers.note($0, at: place) } }
    while !answers.isWhole { try answers.waker.wait(timeout: .milliseconds(100)) }
    return answers.all
  }

  /// Waits until no event waits whose time has come; returns whether it came to that.
  func waitUntilPublished(patience: Duration) throws -> Bool {
    let deadline = Clock.monotonicNanoseconds() + patience.wholeNanoseconds
    while Clock.monotonicNanoseconds() < deadline {
      var listing = try DelayedListing(readingAt: queue.path)
      let first = try listing.page(countMaximum: 1).events.first
      guard let first, first.due <= Clock.unixMilliseconds() else { return true }
      Clock.pause(.milliseconds(3))
    }
    return false
  }

  /// Ends the threads; returns what they could not do.
  func stop() -> [String] {
    publisher.stop()
    committer.stop()
    return said.lines.withLock { $0 }
  }
}

private final class Answers<Answer: Sendable>: Sendable {
  let waker: Waker
  private let state: Mutex<[Answer?]>

  init(count: Int, waker: Waker) {
    self.waker = waker
    state = Mutex(Array(repeating: nil, count: count))
  }

  func note(_ answer: Answer, at place: Int) {
    state.withLock { $0[place] = answer }
    waker.ring()
  }

  var isWhole: Bool { state.withLock { $0.allSatisfy { $0 != nil } } }
  var all: [Answer] { state.withLock { $0.compactMap(\.self) } }
}
