import FileQueue

/// What became of a batch's lines so far.
struct BatchTally {
  /// A line that is not in the queue, and why.
  struct Refusal {
    let line: Int
    let problem: Problem
  }

  private(set) var acceptedCount = 0
  /// Of the accepted ones those that were there before.
  private(set) var replayedCount = 0
  private(set) var rejectedCount = 0
  /// The first accepted event's sequence, and the last one's.
  private(set) var first: UInt64?
  private(set) var last: UInt64?
  /// The first ones that were rejected.
  private(set) var refusals: [Refusal] = []

  mutating func accept(_ appended: Appended) {
    acceptedCount += 1
    if appended.isReplayed { replayedCount += 1 }
    if first == nil { first = appended.sequence }
    last = appended.sequence
  }

  mutating func refuse(_ problem: Problem, line: Int) {
    rejectedCount += 1
    if refusals.count < HubLimits.batchErrorCountMaximum {
      refusals.append(Refusal(line: line, problem: problem))
    }
  }
}
