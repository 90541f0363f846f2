public import FastCGI
import Figures
public import FileQueue
public import Kernel
public import Logging
import Streaming

/// A running hub: fronts that take requests, a committer that writes, loops that serve streams.
///
/// Made, run and stopped by one thread, the process's main thread.
public final class Hub {
  private let committer: Committer
  private let batches: Batches
  private let delayed: DelayedPublisher
  private let upkeep: Upkeep
  private let admission: Admission
  private let topicDesk: TopicDesk
  private let groupDesk: GroupDesk
  private let counters: Counters
  private let pages: WorkerPages
  private let groups: Groups
  private let accessGuard: AccessGuard?
  private let doors: [StreamLoopDoor]
  private var drainTime: Duration
  private let fronts: Fronts
  private let threads: [Thread]
  /// Shows of each front and each stream loop whether it turns; those that wait for the disk have none, which no
  /// restart would heal.
  public let pulses: [Pulse]
  /// Rings when the last stream has ended after ``drain()``.
  public let drained: Waker

  /// Starts serving `queue` to whoever connects to `listener`.
  ///
  /// - Parameters:
  ///   - accessGuard: says who may do what; nil: everybody may do everything.
  ///   - breakdown: told if a thread cannot go on; the hub is to be stopped then.
  /// - Throws: what cannot be had from the system or the queue; the process is to end then.
  public init(
    queue: Queue, listener: consuming Listener, configuration: HubConfiguration,
    accessGuard: AccessGuard? = nil, log: Logger, breakdown: Breakdown
  ) throws {
    let counters = Counters()
    self.counters = counters
    pages = try WorkerPages(
      Queue.workersPath(in: queue.path), counters, durability: configuration.durability
    ) { text in
      log.warning("what this worker counts is kept in memory only", metadata: ["error": "\(text)"])
    }
    committer = try Committer(
      queue, durability: configuration.durability, retention: configuration.retention,
      keyWindow: configuration.keyWindow
    ) { counters.set(PageLayout.keysCell, to: UInt64($0)) }
    delayed = try DelayedPublisher(queue, committer) { figures in
      counters.set(PageLayout.delayedWaitingCell, to: UInt64(figures.waitingCount))
      counters.set(PageLayout.delayedNextDueCell, to: UInt64(max(0, figures.nextDue ?? 0)))
      counters.add(UInt64(figures.droppedCount), to: PageLayout.delayedDroppedCell)
    } report: { isError, text in
      if isError {
        log.error("publishing delayed events failed", metadata: ["error": "\(text)"])
      } else {
        log.info("\(text)")
      }
    }
    upkeep = try Upkeep(
      queue, retention: configuration.retention, keyWindow: configuration.keyWindow
    ) { isError, text in
      if isError {
        log.error("the queue's upkeep failed", metadata: ["error": "\(text)"])
      } else {
        log.info("\(text)")
      }
    } replaced: { text in
      log.error("the queue was replaced", metadata: ["what": "\(text)"])
      breakdown.report(text)
    }
    let groups = try Groups(queue, log) {
      breakdown.report("the groups cannot go on: \($0.descriptionWithAdvice)")
    }
    self.groups = groups
    var doors: [StreamLoopDoor] = []
    var threads: [Thread] = []
    let loopsEnd = try LastOne(of: configuration.streamLoopCount)
    let loopPulses = (0..<configuration.streamLoopCount).map { Pulse(name: "stream-loop-\($0)") }
    for index in 0..<configuration.streamLoopCount {
      let door = try StreamLoopDoor()
      let pulse = loopPulses[index]
      threads.append(
        try Thread.owning(
          name: pulse.name,
          state: {
            try StreamLoop(
              queue, configuration.streams, door, log, counters, index: index, groups: groups,
              pulse: pulse)
          }
        ) { (loop: consuming StreamLoop) in
          do throws(SystemCallError) { try loop.run() } catch {
            breakdown.report("a stream loop cannot go on: \(error.descriptionWithAdvice)")
          }
          loopsEnd.note()
        })
      doors.append(door)
    }
    topicDesk = try TopicDesk(queue)
    groupDesk = try GroupDesk(queue)
    batches = try Batches(queue, committer, counters)
    admission = Admission(Admission.Limits(configuration))
    let tickets = accessGuard.map {
      Tickets(inQueueAt: queue.path, epoch: queue.epochs.currentDigits, with: $0.library)
    }
    // Before there are streams.
    accessGuard?.begin(
      changed: { [doors] in for door in doors { door.reviewPermits() } },
      looking: { tickets?.removeOld(now: Clock.unixMilliseconds()) })
    let router = Router(
      configuration: configuration, queue: queue, committer: committer, topicDesk: topicDesk,
      groupDesk: groupDesk,
      batches: batches, delayedPublisher: delayed,
      loops: doors,
      crossOrigin: CrossOrigin(configuration.corsOrigins),
      admission: admission,
      counters: counters, pages: pages, groups: groups, accessGuard: accessGuard,
      tickets: tickets)
    var limits = FrontLimits()
    limits.requestBodyByteCountMaximum = HubLimits.requestBodyByteCountMaximum
    fronts = try Fronts.start(
      count: configuration.frontCount, listener: listener, responder: router, limits: limits,
      shortage: { log.warning("\($0)") },
      failure: { breakdown.report("a front cannot go on: \($0.descriptionWithAdvice)") })
    pulses = fronts.pulses + loopPulses
    self.accessGuard = accessGuard
    self.doors = doors
    self.threads = threads
    drainTime = configuration.drainTime
    drained = loopsEnd.waker
  }

  /// How many streams are open.
  public var streamCount: Int {
    // Two loads are not one moment.
    max(0, Int(counters.count(.streamsOpened)) - Int(counters.count(.streamsClosed)))
  }

  /// Puts in force what can change while it runs: the limits of streams, retention, the heartbeat, and the
  /// time of a drain.
  public func apply(_ configuration: HubConfiguration) {
    admission.limits = Admission.Limits(configuration)
    upkeep.keep(configuration.retention)
    for door in doors { door.configure(configuration.streams) }
    drainTime = configuration.drainTime
  }

  /// Stops taking requests, and begins to end the streams, over the configured time.
  ///
  /// ``drained`` rings after the last one. Once, and ``stop()`` follows.
  public func drain() {
    fronts.stop()
    for door in doors { door.drain(over: drainTime) }
  }

  /// Stops taking requests, ends every stream, acknowledges what is on its way to the disk; once.
  ///
  /// Takes at most ``FastCGI/Fronts/stopPatience``, even where the disk or the queue's lock stalls:
  /// what is not acknowledged by then never will be.
  public func stop() {
    let deadline = Clock.monotonicNanoseconds() + Fronts.stopPatience.wholeNanoseconds
    fronts.stop()
    for door in doors { door.stop() }
    for thread in threads { thread.join() }
    fronts.join()
    stopWriting(by: deadline)
  }

  private func stopWriting(by deadline: Int64) {
    do {
      let isDone = try Waker()
      _ = try Thread(name: "stop-writing") {
        [groups, committer, batches, delayed, upkeep, pages, topicDesk, groupDesk, accessGuard] in
        groups.stop()
        delayed.stop()
        committer.stop()
        batches.stop()
        upkeep.stop()
        pages.stop()
        topicDesk.stop()
        groupDesk.stop()
        accessGuard?.stop()
        isDone.ring()
      }
      let rest = max(0, deadline - Clock.monotonicNanoseconds())
      try isDone.wait(timeout: .nanoseconds(rest))
    } catch {
      // Without a thread that could be left behind.
      groups.stop()
      delayed.stop()
      committer.stop()
      batches.stop()
      upkeep.stop()
      pages.stop()
      topicDesk.stop()
      groupDesk.stop()
      accessGuard?.stop()
    }
  }
}

extension Admission.Limits {
  fileprivate init(_ configuration: HubConfiguration) {
    self.init(
      streamCountMaximum: configuration.streamCountMaximum,
      streamsPerAddressCountMaximum: configuration.streamsPerAddressCountMaximum,
      newStreamsPerSecondMaximum: configuration.newStreamsPerSecondMaximum)
  }
}
