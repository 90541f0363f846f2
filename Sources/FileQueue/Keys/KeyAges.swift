import Kernel

/// How old keys are: by the wall clock, but for what that was set ahead or back since they were used.
///
/// A process that runs notices that the wall clock was set, because the steady one was not. Of the time before
/// it began it knows what the events tell: none was published later than one that follows it.
struct KeyAges {
  /// The wall clock was set by so much when the events before `next` were there.
  private struct Step {
    let next: UInt64
    let milliseconds: Int64
  }

  /// The events before `next` were there at a time.
  private struct Bound {
    let next: UInt64
    let time: Int64
  }

  private let clocks: ClockSources
  private var steps: [Step] = []
  private var bounds: [Bound] = []
  /// The times of the last look, in milliseconds.
  private var wall: Int64
  private var steady: Int64
  /// How far the queue was then.
  private var seen: UInt64 = 0
  /// The time of the last event before the process began, in milliseconds since 1970.
  private var lastTime: Int64 = 0
  /// By how much the clock was ahead of that, where it is not to be believed yet, and until when.
  private var doubt: (step: Step, endsAt: Int64)?

  private static let tolerance = QueueLimits.clockStepTolerance.wholeMilliseconds

  init(_ clocks: ClockSources) {
    self.clocks = clocks
    wall = Self.bounded(clocks.wall())
    steady = clocks.steady() / 1_000_000
  }

  /// A clock may be wrong by centuries.
  private static func bounded(_ time: Int64) -> Int64 {
    let range = QueueLimits.unixMilliseconds
    return min(max(time, range.lowerBound), range.upperBound)
  }

  // MARK: - The time before

  /// Notes when an event was published, in the order of all that were before the process began.
  mutating func note(_ sequence: UInt64, publishedAt time: Int64) {
    if time < lastTime - Self.tolerance { add(Bound(next: sequence, time: time)) }
    lastTime = time
  }

  /// Begins to look at the clocks.
  ///
  /// - Parameters:
  ///   - next: the sequence behind the last event.
  ///   - time: when that was published; 0 where nobody knows.
  ///   - isDoubted: whether a clock that is far ahead of that time is not believed at once: for who lives longer
  ///     than ``QueueLimits/clockPatience``.
  mutating func begin(next: UInt64, lastTime time: Int64, isDoubted: Bool) {
    if time > 0 { note(next, publishedAt: time) }
    look(next: next)
    let ahead = wall - lastTime
    if ahead < -Self.tolerance {
      add(Bound(next: next, time: wall))
    } else if isDoubted, lastTime > 0, ahead > Self.tolerance {
      doubt = (
        Step(next: next, milliseconds: ahead),
        steady + QueueLimits.clockPatience.wholeMilliseconds
      )
    }
  }

  // MARK: - As time goes on

  /// Looks at the clocks; the more often, the better is known of each event which of them it knew.
  ///
  /// - Parameter next: the sequence behind the last event.
  mutating func look(next: UInt64) {
    let wall = Self.bounded(clocks.wall())
    let steady = clocks.steady() / 1_000_000
    let step = (wall - self.wall) &- (steady &- self.steady)
    if step > Self.tolerance {
      // What was published between two looks is taken for younger.
      add(Step(next: next, milliseconds: step))
    } else if step < -Self.tolerance {
      if let first = doubt?.step, -step <= first.milliseconds + Self.tolerance {
        // It was ahead from the start, and is right now for the events before.
        add(Step(next: first.next, milliseconds: -step))
        doubt = nil
      }
      add(Step(next: seen, milliseconds: step))
    }
    (self.wall, self.steady, seen) = (wall, steady, next)
    if let doubt, steady >= doubt.endsAt { self.doubt = nil }
  }

  /// Notes that events were appended by the time of the last look.
  ///
  /// - Parameter next: the sequence behind the last one.
  mutating func pass(next: UInt64) { seen = next }

  /// How long ago an event was published, in milliseconds, as of the last look.
  func age(of sequence: UInt64, publishedAt time: Int64) -> Int64 {
    var time = Self.bounded(time)
    for bound in bounds where sequence < bound.next { time = min(time, bound.time) }
    var age = wall - time
    for step in steps where sequence < step.next { age -= step.milliseconds }
    if let step = doubt?.step, sequence < step.next { age -= step.milliseconds }
    return max(0, age)
  }

  private mutating func add(_ step: Step) {
    if steps.count == QueueLimits.clockStepCountMaximum {
      // What was before both of the first two goes on to be judged rightly.
      let first = steps.remove(at: 0)
      steps[0] = Step(
        next: max(first.next, steps[0].next),
        milliseconds: first.milliseconds + steps[0].milliseconds)
    }
    steps.append(step)
  }

  private mutating func add(_ bound: Bound) {
    if bounds.count == QueueLimits.clockStepCountMaximum { bounds.remove(at: 0) }
    bounds.append(bound)
  }
}
