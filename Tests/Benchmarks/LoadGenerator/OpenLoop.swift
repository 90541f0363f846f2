import Kernel

/// Publishes events at fixed times, whatever the answers take.
///
/// An event that finds no idle connection is sent late, and says when it was due: what it waited
/// counts in every latency (no coordinated omission).
struct OpenLoop: Sendable {
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

  /// Publishes all events and waits for the answers, until `deadline`.
  func run(_ pool: inout PublishPool, deadline: Deadline) throws -> PublishTally {
    var tally = PublishTally()
    tally.startNanoseconds = startNanoseconds
    var number = 0
    while (number < eventCount || pool.busyCount > 0) && !deadline.isPast {
      while number < eventCount, pool.hasIdle {
        let now = Clock.monotonicNanoseconds()
        let due = dueNanoseconds(of: number)
        if due > now { break }
        pool.begin(number: number, nanoseconds: due)
        tally.lag.record(now - due)
        tally.lastSentNanoseconds = now
        number += 1
      }
      let isWaitingForTime = number < eventCount && pool.hasIdle
      let wait = isWaitingForTime ? Deadline(at: dueNanoseconds(of: number)) : deadline
      for answer in try pool.wait(timeout: min(wait.remaining, deadline.remaining)) {
        tally.add(answer)
      }
    }
    tally.unansweredCount = pool.busyCount + eventCount - number
    tally.threadNanoseconds = Clock.threadNanoseconds()
    return tally
  }
}
