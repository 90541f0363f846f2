import Kernel

/// What the upkeep does for groups: puts their places on disk, and forgets those that nobody uses.
struct GroupUpkeep {
  private var syncs = GroupSyncs()
  private var round = 0
  private var failures = FailureReports()

  /// Does what there is to do; what fails is tried again in the next round.
  ///
  /// - Parameters:
  ///   - now: the time that is believed, in milliseconds since 1970.
  ///   - monotonic: nanoseconds.
  mutating func run(
    _ folder: GroupFolder, now: Int64, monotonic: Int64, _ report: Upkeep.Report
  ) {
    do throws(GroupError) {
      try folder.synchronize(&syncs)
      round += 1
      guard round % GroupLimits.upkeepRoundsPerLook == 1 else { return }
      for name in try folder.removeUnused(now: now) {
        report(
          false,
          "removed the group \(name), to which nobody has come for "
            + GroupLimits.idleTimeMaximum.inWords)
      }
    } catch {
      if let text = failures.report("groups: \(error)", now: monotonic) { report(true, text) }
    }
  }
}
