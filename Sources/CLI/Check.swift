import ArgumentParser
import FileQueue
import SystemPackage

/// The command `weir check`.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Verify a queue: every head, checksum, sequence and index entry.",
    discussion: """
      Reads everything and changes nothing; weir may serve the queue meanwhile. Exits with 0 where \
      all is well and with 65 where something is damaged.

      With --repair it first makes anew what is derived, and moves damaged bytes into the folder \
      quarantine/ of the queue; every event that is whole stays. Nobody else may use the queue then.
      """)

  @OptionGroup var queueOption: QueueOption

  @Flag(help: "Mend what can be mended, before the check.")
  var repair = false

  @OptionGroup var quiet: QuietOption

  func run() throws {
    try reportingFailures {
      var lines = CheckLines()
      if repair {
        for mended in try QueueRepair.run(FilePath(queueOption.queue)) {
          lines.print("mended: \(mended)")
        }
      }
      let check = try QueueCheck(FilePath(queueOption.queue))
      var damageCount = 0
      let progress = Progress("check", of: try check.byteCount(), isQuiet: quiet.quiet)
      try check.run { (finding: QueueFinding) in
        if case .segment(_, _, _, _, let count) = finding { progress.add(count) }
        damageCount += finding.isDamage ? 1 : 0
        lines.print("\(finding)")
      }
      if damageCount > 0 {
        let places = damageCount == 1 ? "one place is" : "\(damageCount) places are"
        throw CommandFailure(
          repair
            ? "\(places) still damaged: restore a copy, or export what can be read and import it"
            : "\(places) damaged: stop weir and run `weir check --repair`", exitCode: 65)
      }
      if let failure = lines.failure { throw failure }
    }
  }
}

/// What a check prints: the exit code tells the same, so it goes on where nobody reads.
private struct CheckLines {
  /// Why not all lines were printed.
  private(set) var failure: OutputFailure?

  mutating func print(_ line: String) {
    guard failure == nil else { return }
    do { try StandardOutput.write("\(line)\n") } catch { failure = error }
  }
}
