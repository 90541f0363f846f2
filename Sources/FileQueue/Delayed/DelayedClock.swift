import Kernel

/// What time it is where delayed events are due: the wall clock, but for one that has jumped ahead while
/// weir ran, which is believed when it has stayed there for a while (``ClockWatch``).
///
/// An event that is published a month too early cannot be taken back, and one that is ten minutes late can
/// be borne. Where nothing ran there is nothing to go on by but the wall clock.
struct DelayedClock {
  private let sources: ClockSources
  private var watch: ClockWatch
  private var lastLook: Int64

  private static let tolerance = QueueLimits.clockStepTolerance.wholeMilliseconds

  init(_ sources: ClockSources) {
    self.sources = sources
    let wall = sources.wall()
    lastLook = sources.steady()
    watch = ClockWatch(lastKnown: wall, wall: wall, monotonic: lastLook)
  }

  /// Milliseconds since 1970, as of the last look.
  var now: Int64 { watch.now }

  /// Nanoseconds of the clock that is never set.
  var boot: Int64 { sources.steady() }

  /// Looks at the clocks; returns what the log is to be told.
  mutating func look() -> String? {
    let (wall, boot) = (sources.wall(), sources.steady())
    let elapsed = (boot &- lastLook) / 1_000_000
    lastLook = boot
    // After a sleep of the machine, or a disk that stood still, this look comes late, and both clocks say so.
    if elapsed > Self.tolerance, (wall &- now &- elapsed).magnitude <= Self.tolerance {
      watch = ClockWatch(lastKnown: wall, wall: wall, monotonic: boot)
      return nil
    }
    return switch watch.look(wall: wall, monotonic: boot) {
    case .ahead(let lead):
      "the clock has jumped ahead by \(lead.inWords): delayed events are published by the time before until "
        + "it has stayed so for \(QueueLimits.clockPatience.inWords)"
    case .believed(let lead):
      "the clock has stayed ahead by \(lead.inWords): delayed events are published by it now"
    case .right: "the clock has been set right: delayed events are published by it again"
    case .setBack(let step):
      "the clock was set back by \(step.inWords): delayed events wait until it says their time"
    case nil: nil
    }
  }
}
