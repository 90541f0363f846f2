import Kernel
import Synchronization

/// Group commit: everything that waits in a process goes into the queue in one write and one sync.
///
/// Any thread submits; a thread of its own appends and tells the outcome.
public final class Committer: Sendable {
  /// Told once for each submitted event, on the committer's thread: what is in the queue, or why not.
  public typealias Completion = @Sendable (Result<Appended, QueueError>) -> Void

  /// Told once for each submitted batch, on the committer's thread: what became of its events, in their
  /// order, or why none of them is acknowledged.
  public typealias BatchCompletion = @Sendable (Result<[AppendOutcome], QueueError>) -> Void

  private enum Submission: Sendable {
    case event(PendingEvent, Completion)
    case batch([PendingEvent], byteCount: Int, BatchCompletion)

    var eventCount: Int {
      switch self {
      case .event: 1
      case .batch(let events, _, _): events.count
      }
    }

    var byteCount: Int {
      switch self {
      case .event(let event, _): event.byteCount
      case .batch(_, let byteCount, _): byteCount
      }
    }

    func fail(_ error: QueueError) {
      switch self {
      case .event(_, let completion): completion(.failure(error))
      case .batch(_, _, let completion): completion(.failure(error))
      }
    }
  }

  /// Told once what a probe found, on the committer's or the asker's thread: nil where a publish would
  /// succeed.
  public typealias ProbeCompletion = @Sendable (QueueError?) -> Void

  /// Told once for each topic that was to be deleted, on the committer's thread: the sequence before which
  /// its events are hidden, or why they are not.
  public typealias DeletionCompletion = @Sendable (Result<UInt64, QueueError>) -> Void

  /// Told once, on the committer's thread: what ``Appender/find(_:)`` says of events.
  typealias FindCompletion = @Sendable (Result<[AppendOutcome?], QueueError>) -> Void

  private struct Question: Sendable {
    let events: [PendingEvent]
    let byteCount: Int
    let completion: FindCompletion
  }

  private struct State {
    var questions: [Question] = []
    var waiting: [Submission] = []
    var deletions: [(topic: Topic, completion: DeletionCompletion)] = []
    var probers: [ProbeCompletion] = []
    /// What the last probe found, and until when that is believed, monotonic nanoseconds.
    var probed: (finding: QueueError?, until: Int64)?
    var waitingByteCount = 0
    var isStopped = false
  }

  private let state = Mutex(State())
  private let waker: Waker
  private let thread = Mutex<Thread?>(nil)

  private let keyCount: @Sendable (Int) -> Void

  /// What an acknowledgement is worth.
  public let durability: Durability

  /// Starts the committer's thread.
  ///
  /// - Parameters:
  ///   - retention: says how large segments may get.
  ///   - keyWindow: for how long a key is remembered.
  ///   - keyCount: told on the committer's thread how many are.
  /// - Throws: what opening the queue for appending throws, and what stands in the way of a thread.
  public init(
    _ queue: Queue, durability: Durability = .full, retention: Retention = .standard,
    keyWindow: Duration = QueueLimits.keyWindow,
    keyCount: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws {
    self.keyCount = keyCount
    self.durability = durability
    waker = try Waker()
    let started = try Thread.owning(
      name: "committer",
      state: {
        try Appender(
          queue, durability: durability,
          segmentByteCountMaximum: retention.segmentByteCountMaximum,
          segmentEventCountMaximum: retention.segmentEventCountMaximum,
          keyWindow: keyWindow)
      }
    ) { [self] appender in run(appender) }
    thread.withLock { $0 = started }
  }

  /// Hands an event over; `completion` is called once, also where the committer is stopped.
  public func submit(_ event: PendingEvent, _ completion: @escaping Completion) {
    submit(.event(event, completion))
  }

  /// Hands events over that go into the queue together, in their order; `completion` is called once, also
  /// where the committer is stopped.
  ///
  /// - Parameter events: from one to ``QueueLimits/batchEventCountMaximum``, of not much more than
  ///   ``QueueLimits/batchByteCountMaximum`` bytes: single events that come meanwhile wait for them.
  public func submit(_ events: [PendingEvent], _ completion: @escaping BatchCompletion) {
    let byteCount = events.reduce(0) { $0 + $1.byteCount }
    submit(.batch(events, byteCount: byteCount, completion))
  }

  private func submit(_ submission: Submission) {
    let byteCount = submission.byteCount
    let (refusal, isFirst): (QueueError?, Bool) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      guard state.waitingByteCount < QueueLimits.pendingByteCountMaximum else {
        return (.overloaded(byteCountMaximum: QueueLimits.pendingByteCountMaximum), false)
      }
      state.waiting.append(submission)
      state.waitingByteCount += byteCount
      return (nil, state.waiting.count == 1)
    }
    if let refusal { submission.fail(refusal) }
    // The thread takes all that waits before it sleeps again.
    if isFirst { waker.ring() }
  }

  /// Asks what ``Appender/find(_:)`` says of events; nothing is queued.
  func find(_ events: [PendingEvent], _ completion: @escaping FindCompletion) {
    let question = Question(
      events: events, byteCount: events.reduce(0) { $0 + $1.byteCount }, completion: completion)
    let refusal: QueueError? = state.withLock { state in
      if state.isStopped { return .stopped }
      guard state.waitingByteCount < QueueLimits.pendingByteCountMaximum else {
        return .overloaded(byteCountMaximum: QueueLimits.pendingByteCountMaximum)
      }
      state.questions.append(question)
      state.waitingByteCount += question.byteCount
      return nil
    }
    if let refusal { completion(.failure(refusal)) } else { waker.ring() }
  }

  /// Asks whether a publish would succeed now: the whole way to the disk is tried, behind the events that
  /// wait, at most once in ``QueueLimits/probeInterval``.
  ///
  /// Where the disk stands still nobody is told anything.
  public func probe(_ completion: @escaping ProbeCompletion) {
    let now = Clock.monotonicNanoseconds()
    let finding: QueueError??
    let isFirst: Bool
    (finding, isFirst) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      if let probed = state.probed, now < probed.until { return (.some(probed.finding), false) }
      guard state.probers.count < QueueLimits.probeWaiterCountMaximum else {
        return (.stalled(waiterCount: QueueLimits.probeWaiterCountMaximum), false)
      }
      state.probers.append(completion)
      return (nil, state.probers.count == 1)
    }
    if let finding { completion(finding) }
    if isFirst { waker.ring() }
  }

  /// Deletes a topic: see ``Appender/delete(_:)``; `completion` is called once.
  public func delete(_ topic: Topic, _ completion: @escaping DeletionCompletion) {
    let countMaximum = QueueLimits.waitingDeletionCountMaximum
    let (refusal, isFirst): (QueueError?, Bool) = state.withLock { state in
      if state.isStopped { return (.stopped, false) }
      guard state.deletions.count < countMaximum else {
        return (.stalled(waiterCount: countMaximum), false)
      }
      state.deletions.append((topic, completion))
      return (nil, state.deletions.count == 1)
    }
    if let refusal { completion(.failure(refusal)) }
    if isFirst { waker.ring() }
  }

  /// Takes no more events, waits until those that were submitted are done, and ends the thread.
  public func stop() {
    state.withLock { $0.isStopped = true }
    waker.ring()
    if let thread = thread.withLock({ $0.take() }) { thread.join() }
  }

  // MARK: - The committer's thread

  private func run(_ appender: consuming Appender) {
    var appender = appender
    // What stands in the way is told to the first publisher with a key.
    try? appender.loadKeys()
    var syncIsDueAt: Int64?
    while true {
      appender.lookAfterKeys()
      keyCount(appender.keyCount)
      if let due = syncIsDueAt, due <= Clock.monotonicNanoseconds() {
        // A failure is remembered by the queue and told to the next publisher.
        try? appender.synchronize()
        syncIsDueAt = nil
      }
      let (batch, isStopped) = takeBatch()
      deleteTopics(with: &appender)
      probe(with: &appender, isStopped: isStopped)
      answer(with: &appender)
      if batch.isEmpty {
        if isStopped { break }
        let rest = syncIsDueAt.map { max(0, $0 - Clock.monotonicNanoseconds()) }
        _ = try? waker.wait(
          timeout: rest.map { .nanoseconds($0) } ?? QueueLimits.keyUpkeepInterval)
        continue
      }
      append(batch, with: &appender)
      if durability == .interval, syncIsDueAt == nil {
        syncIsDueAt =
          Clock.monotonicNanoseconds() + QueueLimits.syncInterval.wholeNanoseconds
      }
    }
    if syncIsDueAt != nil { try? appender.synchronize() }
  }

  private func append(_ batch: [Submission], with appender: inout Appender) {
    do {
      let outcomes = try appender.append(Self.events(of: batch))
      keyCount(appender.keyCount)
      Self.tell(outcomes, to: batch)
    } catch {
      // What the last probe found is not so any more.
      state.withLock { $0.probed = nil }
      for submission in batch { submission.fail(error) }
    }
  }

  private static func events(of batch: [Submission]) -> [PendingEvent] {
    if batch.count == 1, case .batch(let events, _, _) = batch[0] { return events }
    var all: [PendingEvent] = []
    all.reserveCapacity(batch.reduce(0) { $0 + $1.eventCount })
    for submission in batch {
      switch submission {
      case .event(let event, _): all.append(event)
      case .batch(let events, _, _): all.append(contentsOf: events)
      }
    }
    return all
  }

  private static func tell(_ outcomes: [AppendOutcome], to batch: [Submission]) {
    var start = 0
    for submission in batch {
      switch submission {
      case .event(_, let completion):
        switch outcomes[start] {
        case .appended(let appended): completion(.success(appended))
        case .refused(let error): completion(.failure(error))
        }
      case .batch(let events, _, let completion):
        completion(
          .success(
            events.count == outcomes.count
              ? outcomes : Array(outcomes[start..<(start + events.count)])))
      }
      start += submission.eventCount
    }
  }

  private func deleteTopics(with appender: inout Appender) {
    let deletions = state.withLock { state in
      defer { state.deletions = [] }
      return state.deletions
    }
    if deletions.isEmpty { return }
    let result: Result<UInt64, QueueError>
    do {
      result = .success(try appender.delete(deletions.map(\.topic)))
    } catch {
      result = .failure(error)
    }
    for deletion in deletions { deletion.completion(result) }
  }

  private func probe(with appender: inout Appender, isStopped: Bool) {
    guard state.withLock({ !$0.probers.isEmpty }) else { return }
    var finding: QueueError?
    if isStopped {
      finding = .stopped
    } else {
      do { try appender.probe() } catch { finding = error }
    }
    let probers = state.withLock { state in
      state.probed = (
        finding, Clock.monotonicNanoseconds() + QueueLimits.probeInterval.wholeNanoseconds
      )
      defer { state.probers = [] }
      return state.probers
    }
    for completion in probers { completion(finding) }
  }

  private func answer(with appender: inout Appender) {
    let questions = state.withLock { state in
      defer { state.questions = [] }
      state.waitingByteCount -= state.questions.reduce(0) { $0 + $1.byteCount }
      return state.questions
    }
    for question in questions {
      do {
        question.completion(.success(try appender.find(question.events)))
      } catch {
        question.completion(.failure(error))
      }
    }
  }

  private func takeBatch() -> (batch: [Submission], isStopped: Bool) {
    state.withLock { state in
      var count = 0
      var eventCount = 0
      var byteCount = 0
      for submission in state.waiting {
        eventCount += submission.eventCount
        byteCount += submission.byteCount
        if count > 0,
          eventCount > QueueLimits.batchEventCountMaximum
            || byteCount > QueueLimits.batchByteCountMaximum
        {
          break
        }
        count += 1
      }
      guard count < state.waiting.count else {
        let batch = state.waiting
        state.waiting = []
        state.waitingByteCount -= byteCount
        return (batch, state.isStopped)
      }
      let batch = Array(state.waiting.prefix(count))
      state.waiting.removeFirst(count)
      state.waitingByteCount -= batch.reduce(0) { $0 + $1.byteCount }
      return (batch, state.isStopped)
    }
  }
}
