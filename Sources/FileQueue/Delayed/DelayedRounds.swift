import Kernel
import SystemPackage

/// What ``DelayedPublisher`` does, round by round; belongs to its thread.
struct DelayedRounds: ~Copyable {
  private let queue: Queue
  private let committer: Committer
  private let waker: Waker
  private let report: Upkeep.Report
  private let tellFigures: DelayedPublisher.TellFigures
  private let known: KnownEvents
  private var log: DelayedLog
  private var clock: DelayedClock
  private var failures = FailureReports()
  /// Open for the claim on it: who has that publishes.
  private let turn: Descriptor
  private var hasTurn = false
  private var flight: DelayedFlight?
  /// Events that are in the queue, and not noted yet: not before a power cut leaves them there.
  private var published: [DelayedID: UInt64] = [:]
  /// Events that were taken before and are certainly not in the queue.
  private var unpublished: Set<DelayedID> = []
  /// Events with a key that another event was published with while they waited.
  private var displaced: Set<DelayedID> = []
  /// Events that are not to be published, and not noted yet.
  private var dropped: Set<DelayedID> = []
  /// Events that were dropped and not told of in figures.
  private var droppedCount = 0
  /// The figures that were told last.
  private var told = DelayedFigures()
  /// Nothing is published before, after a failure; nanoseconds since the machine was started.
  private var pausedUntil: Int64 = 0
  /// When what was noted is put on disk, nanoseconds since the machine was started.
  private var syncIsDueAt: Int64?

  init(
    _ queue: Queue, _ committer: Committer, clocks: ClockSources, waker: Waker,
    deadByteCountMaximum: Int = QueueLimits.delayedDeadByteCountMaximum,
    figures: @escaping DelayedPublisher.TellFigures = { _ in },
    report: @escaping Upkeep.Report
  ) throws(QueueError) {
    let known = try KnownEvents(committer)
    let log = try DelayedLog(queue, deadByteCountMaximum: deadByteCountMaximum)
    let turn = try mapping { () throws(SystemCallError) in
      try Descriptor.open(queue.directory.delayedLockPath, .readWrite)
    }
    self.log = log
    self.turn = turn
    self.queue = queue
    self.committer = committer
    self.waker = waker
    self.report = report
    self.known = known
    tellFigures = figures
    clock = DelayedClock(clocks)
  }

  /// Whether something is on its way, or behind it and not noted.
  var isBusy: Bool { flight != nil || !published.isEmpty || !dropped.isEmpty }

  /// Does what there is to do; what fails is tried again.
  ///
  /// - Returns: when the next round is due at the latest.
  mutating func run(_ requests: [DelayedRequest]) -> Duration {
    if let text = clock.look() { report(false, text) }
    serve(requests)
    land()
    defer { tellHowManyWait() }
    do {
      if !hasTurn { hasTurn = try mapping { () throws(SystemCallError) in try turn.claim() } }
      try note()
      guard hasTurn else { return QueueLimits.delayedInterval }
      tellDamages()
      return try publish()
    } catch {
      tell(error)
      return QueueLimits.delayedInterval
    }
  }

  /// Waits for what is on its way, and notes it; nothing else is sent off.
  mutating func finish(_ requests: [DelayedRequest]) {
    for request in requests { request.refuse(.stopped) }
    while flight != nil {
      land()
      if flight != nil { _ = try? waker.wait(timeout: QueueLimits.delayedInterval) }
    }
    try? note()
    tellHowManyWait()
    if log.isUnsynced { try? log.synchronize() }
    if hasTurn { _ = try? log.compactIfWorthwhile() }
  }

  // MARK: - What people ask for

  private mutating func serve(_ requests: [DelayedRequest]) {
    var events: [DelayedEvent] = []
    var completions: [DelayedRequest.Completion<DelayedOutcome>] = []
    for request in requests {
      guard case .add(let event, let completion) = request else { continue }
      events.append(event)
      completions.append(completion)
    }
    if !events.isEmpty {
      do throws(QueueError) {
        let known = known
        let outcomes = try log.add(events, now: clock.now) { (events) throws(QueueError) in
          try known.find(events)
        }
        for (completion, outcome) in zip(completions, outcomes) { completion(outcome) }
      } catch {
        for completion in completions { completion(.failure(error)) }
      }
    }
    for request in requests {
      switch request {
      case .add: break
      case .cancel(let id, let completion):
        completion(Self.result { () throws(QueueError) in try log.cancel([id])[0] })
      case .page(let last, let countMaximum, let completion):
        completion(
          Self.result { () throws(QueueError) in
            try log.page(behind: last, countMaximum: countMaximum)
          })
      case .find(let id, let completion):
        completion(Self.result { () throws(QueueError) in try log.waiting(id) })
      }
    }
  }

  private static func result<Success>(
    _ body: () throws(QueueError) -> Success
  ) -> Result<Success, QueueError> {
    do { return .success(try body()) } catch { return .failure(error) }
  }

  // MARK: - Publishing

  /// Sends off what is due, a batch at a time, so that others who publish come in between.
  private mutating func publish() throws(QueueError) -> Duration {
    let held = held
    if flight == nil, pausedUntil <= clock.boot,
      let due = try log.nextDue(where: { !held.contains($0) }), due <= clock.now
    {
      let unpublished = unpublished
      let displaced = displaced
      let taken = try log.take(now: clock.now) {
        !held.contains($0)
      } isUnpublished: {
        unpublished.contains($0)
      } isDisplaced: {
        displaced.contains($0)
      }
      for due in taken where due.event == nil {
        drop(due.id, "its entry in the file cannot be read any more")
      }
      flight = DelayedFlight(taken, with: committer, waker: waker)
    }
    if flight != nil { return QueueLimits.delayedInterval }
    try keep()
    if !published.isEmpty { return .milliseconds(20) }
    let next = try log.nextDue(where: { !held.contains($0) })
    let rest = next.map { Duration.milliseconds(max(0, $0 - clock.now)) }
    return min(
      max(rest ?? QueueLimits.delayedInterval, .nanoseconds(max(0, pausedUntil - clock.boot))),
      QueueLimits.delayedInterval)
  }

  /// What is on its way, or behind it.
  private var held: Set<DelayedID> {
    var held = dropped.union(published.keys)
    if let flight { held.formUnion(flight.ids) }
    return held
  }

  /// Looks what became of those that were on their way.
  private mutating func land() {
    guard let landed = flight?.landed else { return }
    flight = nil
    for (due, result) in landed {
      switch result {
      case .success(let appended)
      where due.mayBePublished && appended.isReplayed && appended.unixMilliseconds < due.due:
        // Its key was used before its time, by another event, and longer ago than counts.
        unpublished.insert(due.id)
      case .failure(.keyReused) where due.mayBePublished: unpublished.insert(due.id)
      case .success(let appended): published[due.id] = appended.sequence
      case .failure(.topicEnded(let topic)): drop(due.id, "its topic '\(topic)' has ended")
      case .failure(.keyReused(let key)) where !displaced.contains(due.id):
        // It was acknowledged: who took its key does not take its place.
        displaced.insert(due.id)
        report(
          false,
          "delayed event \(due.id) is published without its key '\(key)', which was used for another event"
        )
      case .failure(let error): tell(error)
      }
    }
  }

  /// Notes what waits no more: what was published when a power cut leaves it in the queue.
  private mutating func note() throws(QueueError) {
    let durable = queue.durableNext
    let safe = published.filter { $0.value < durable }
    if safe.isEmpty, dropped.isEmpty { return }
    let endings: [(id: DelayedID, ending: DelayedEntry.Ending)] =
      safe.keys.map { ($0, .published) } + dropped.map { ($0, .dropped) }
    try log.end(endings)
    for id in safe.keys { published[id] = nil }
    unpublished.subtract(endings.map(\.id))
    displaced.subtract(endings.map(\.id))
    dropped = []
    syncIsDueAt = syncIsDueAt ?? clock.boot + QueueLimits.delayedSyncInterval.wholeNanoseconds
  }

  /// Puts what was noted on disk, and makes the file anew where that is worth it.
  private mutating func keep() throws(QueueError) {
    guard let due = syncIsDueAt, due <= clock.boot else { return }
    syncIsDueAt = nil
    if log.isUnsynced { try log.synchronize() }
    _ = try log.compactIfWorthwhile()
  }

  private mutating func drop(_ id: DelayedID, _ reason: String) {
    dropped.insert(id)
    droppedCount += 1
    report(true, "delayed event \(id) is not published: \(reason)")
  }

  /// Tells how many events wait, where that is something new; of several workers the one that publishes does.
  private mutating func tellHowManyWait() {
    var figures = hasTurn ? log.figures() : DelayedFigures()
    figures.droppedCount = droppedCount
    if figures == told { return }
    tellFigures(figures)
    droppedCount = 0
    told = figures
    told.droppedCount = 0
  }

  private mutating func tell(_ error: QueueError) {
    pausedUntil = clock.boot + QueueLimits.delayedPause.wholeNanoseconds
    if case .stopped = error { return }
    if let text = failures.report(error, now: clock.boot) { report(true, text) }
  }

  private mutating func tellDamages() {
    for damage in log.takeUntoldDamages() {
      report(
        true,
        "\(QueueDirectory.delayedName) is damaged at offset \(damage.lowerBound): \(damage.count) bytes are no "
          + "event; what was cut off there was not acknowledged, or is lost; they go into quarantine"
      )
      syncIsDueAt = syncIsDueAt ?? clock.boot
    }
  }
}
