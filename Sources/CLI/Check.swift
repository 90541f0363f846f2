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
      """)

  @OptionGroup var queueOption: QueueOption

  func run() throws {
    try reportingFailures {
      let check = try QueueCheck(FilePath(queueOption.queue))
      var damageCount = 0
      try check.run { (finding: QueueFinding) in
        damageCount += finding.isDamage ? 1 : 0
        try? StandardOutput.write("\(finding)\n")
      }
      if damageCount > 0 {
        throw CommandFailure(
          "\(damageCount) places are damaged; the events there are lost, all others can be read",
          exitCode: 65)
      }
    }
  }
}
