import ArgumentParser
import Figures
import Kernel
import SystemPackage

/// The command `weir status`.
struct Status: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell how a queue and its workers are.",
    discussion: """
      Reads the queue's files and what its workers count, and needs no more than permission to read; \
      no worker has to run. Counts are of all workers since the queue was made.

        weir status --queue /var/lib/weir/queue
      """)

  @OptionGroup var queueOption: QueueOption

  @Flag(help: "Print the JSON that GET /weir/status answers with.")
  var json = false

  func run() throws {
    try reportingFailures {
      let report = try StatusReport(readingQueueAt: FilePath(queueOption.queue))
      try StandardOutput.write(json ? report.json : Array(StatusTable(report).text.utf8))
    }
  }
}
