import Kernel
import Synchronization

/// Takes in events that are to be published later, and publishes them at their time.
///
/// Any thread asks; a thread of its own does the work. Of several workers one at a time publishes, and
/// another one when that is gone; all of them take in and cancel.
public final class DelayedPublisher: Sendable {
  /// Told once what came of it, on the publisher's thread or the asker's.
  public typealias Completion<Success> = @Sendable (Result<Success, QueueError>) -> Void

  /// Told on the publisher's thread how many events wait, and how many were dropped since it was told last; of
  /// several workers the one that publishes is told of those that wait.
  public typealias TellFigures = @Sendable (DelayedFigures) -> Void

  private struct State {
    var waiting: [DelayedRequest] = []
    var waitingByteCount = 0
    var isStopped = false
  }

  private let state = Mutex(State())
  private let waker: Waker
  private let thread = Mutex<Thread?>(nil)

  /// Starts the thread.
  ///
  /// - Parameters:
  ///   - committer: takes the events whose time has come; is stopped after this.
  ///   - deadByteCountMaximum: the file is made anew when more of it means nothing any more.
  ///   - figures: told when they have changed.
  ///   - report: told on the thread of what could not be published, in words.
  /// - Throws: what opening the queue for appending throws, and what stands in the way of a thread.
  public init(
    _ queue: Queue, _ committer: Committer,
    deadByteCountMaximum: Int = QueueLimits.delayedDeadByteCountMaximum,
    figures: @escaping TellFigures = { _ in }, report: @escaping Upkeep.Report
  ) throws {
    let waker = try Waker()
    self.waker = waker
    let started = try Thread.owning(
      name: "delayed",
      state: {
        try DelayedRounds(
          queue, committer, clocks: ClockSources(), waker: waker,
          deadByteCountMaximum: deadByteCountMaximum, figures: figures, report: report)
      }
    ) { [self] rounds in run(rounds) }
    thread.withLock { $0 = started }
  }

  /// Takes in an event, which is on disk when `completion` is called, unless its key tells that it is in the queue.
  public func add(_ event: DelayedEvent, _ completion: @escaping Completion<DelayedOutcome>) {
    submit(.add(event, completion))
  }

  /// Has an event not published.
  public func cancel(_ id: DelayedID, _ completion: @escaping Completion<DelayedCancellation>) {
    submit(.cancel(id, completion))
  }

  /// Tells which events wait, in the order in which they are due, from behind `last` on.
  public func page(
    behind last: DelayedTurn?, countMaximum: Int, _ completion: @escaping Completion<DelayedPage>
  ) {
    submit(.page(behind: last, countMaximum: countMaximum, completion))
  }

  /// Tells of an event that waits; nil where none has the id.
  public func find(_ id: DelayedID, _ completion: @escaping Completion<WaitingEvent?>) {
    submit(.find(id, completion))
  }

  /// Takes in no more, waits for what is on its way into the queue, and ends the thread.
  public func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  private func submit(_ request: DelayedRequest) {
    let (refusal, isFirst): (QueueError?, Bool) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      guard state.waitingByteCount < QueueLimits.pendingByteCountMaximum,
        state.waiting.count < QueueLimits.delayedRequestCountMaximum
      else {
        return (.overloaded(byteCountMaximum: QueueLimits.pendingByteCountMaximum), false)
      }
      state.waiting.append(request)
      state.waitingByteCount += request.byteCount
      return (nil, state.waiting.count == 1)
    }
    if let refusal { request.refuse(refusal) }
    // The thread takes all that waits before it sleeps again.
    if isFirst { waker.ring() }
  }

  // MARK: - The thread

  private func run(_ rounds: consuming DelayedRounds) {
    var rounds = rounds
    while true {
      let (requests, isStopped) = takeAll()
      if isStopped { return rounds.finish(requests) }
      let rest = rounds.run(requests)
      _ = try? waker.wait(timeout: rest)
    }
  }

  private func takeAll() -> (requests: [DelayedRequest], isStopped: Bool) {
    state.withLock { state in
      defer {
        state.waiting = []
        state.waitingByteCount = 0
      }
      return (state.waiting, state.isStopped)
    }
  }
}
