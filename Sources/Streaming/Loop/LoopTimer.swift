import HeapModule
import Kernel

/// Something that a stream loop has to do at a time.
struct LoopTimer: Comparable {
  enum Task {
    /// See whether an audience has been silent for long.
    case silence(AudienceReference)
    /// Send heartbeats to those who are not live.
    case others
    /// Show the time on the demo's default stream.
    case clock
    /// The next event of a demo source, or a heartbeat before it.
    case play(EpollToken)
    /// Read the queue again for a subscriber for whom it could not be read.
    case goOn(EpollToken)
    /// See what members of groups have read.
    case members
    /// Look for streams that are too old.
    case age
    /// Look whether the next streams may go on.
    case review
    /// End the next streams, because the worker stops.
    case drain
  }

  /// An audience, if it is still there: thousands of short streams may leave as many timers behind.
  struct AudienceReference {
    weak var audience: Audience?
  }

  /// Monotonic nanoseconds.
  let deadline: Int64
  let task: Task

  static func < (one: LoopTimer, other: LoopTimer) -> Bool {
    one.deadline < other.deadline
  }

  static func == (one: LoopTimer, other: LoopTimer) -> Bool {
    one.deadline == other.deadline
  }
}
