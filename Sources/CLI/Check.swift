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

  func run() throws {
    try reportingFailures {
      if repair {
        for mended in try QueueRepair.run(FilePath(queueOption.queue)) {
          try? StandardOutput.write("mended: \(mended)\n")
        }
      }
      let check = try QueueCheck(FilePath(queueOption.queue))
      var damageCount = 0
      try check.run { (finding: QueueFinding) in
        damageCount += finding.isDamage ? 1 : 0
        try? StandardOutput.write("\(finding)\n")
      }
      if damageCount > 0 {
        throw CommandFailure(
          damageCount == 1
            ? "one place is damaged: stop weir and run `weir check --repair`"
            : "\(damageCount) places are damaged: stop weir and run `weir check --repair`",
          exitCode: 65)
      }
    }
  }
}
