import Kernel

/// Publishes events at fixed times, whatever the answers take.
///
/// An event that finds no idle connection is sent late, and says when it was due: what it waited
/// counts in every latency (no coordinated omission).
struct OpenLoop: Sendable {
  /// When the first event that is not sent is late by so much, none is sent any more: the rate is
  /// not held.
  static let lagNanosecondsMaximum: Int64 = 2_000_000_000

  /// When event 0 is due, on the monotonic clock.
  let startNanoseconds: Int64
  /// Events a second.
  let rate: Double
  /// How many events.
  let eventCount: Int

  /// When an event is due.
  func dueNanoseconds(of number: Int) -> Int64 {
    startNanoseconds + Int64(Double(number) * 1e9 / rate)
  }

  /// One more than the number of the last event that is due at `now`.
  func dueNext(at now: Int64) -> Int {
    if now < startNanoseconds { return 0 }
    return min(eventCount, Int(Double(now - startNanoseconds) * rate / 1e9) + 1)
  }

  /// Publishes all events over HTTP and waits for the answers, until `deadline`.
  func run(_ pool: inout PublishPool, _ tally: inout PublishTally, deadline: Deadline) throws {
    tally.startNanoseconds = startNanoseconds
    var number = 0
    var count = eventCount
    while (number < count || pool.busyCount > 0) && !deadline.isPast {
      while number < count, pool.hasIdle {
        let now = Clock.monotonicNanoseconds()
        let due = dueNanoseconds(of: number)
        if due > now { break }
        if now - due > Self.lagNanosecondsMaximum { count = number }
        guard number < count else { break }
        pool.begin(number: number, nanoseconds: due)
        tally.lag.record(now - due)
        tally.lastSentNanoseconds = now
        number += 1
      }
      let isWaitingForTime = number < count && pool.hasIdle
      let wait = isWaitingForTime ? Deadline(at: dueNanoseconds(of: number)) : deadline
      for answer in try pool.wait(timeout: min(wait.remaining, deadline.remaining)) {
        tally.add(answer)
      }
    }
    tally.unsentCount = eventCount - number
    tally.unansweredCount = pool.busyCount + tally.unsentCount
  }
}
