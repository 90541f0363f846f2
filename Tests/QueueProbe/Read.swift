import ArgumentParser
import FileQueue
import SystemPackage

/// The command `QueueProbe read`.
struct Read: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print 'SEQUENCE DATA' for each event and 'gap FIRST NEXT REASON' for each gap.")

  @Option(help: "The queue's directory.")
  var queue: String

  @Flag(help: "Go on with what comes, until killed.")
  var follow = false

  func run() throws {
    do {
      let opened = try Queue(at: FilePath(queue), creating: false)
      let watch = try opened.watch()
      var reader = QueueReader(opened)
      var cursor = try reader.cursor(at: try opened.oldestSequence())
      while true {
        var log = EventLog()
        try log.read(&reader, of: opened, from: &cursor)
        for entry in log.entries {
          let data = entry.data.split(separator: "\n", omittingEmptySubsequences: false)
          try Output.write(line: "\(entry.sequence) \(data.joined(separator: "\\n"))")
        }
        for gap in log.gaps {
          try Output.write(
            line: "gap \(gap.missing.lowerBound) \(gap.missing.upperBound) \(gap.reason)")
        }
        guard follow else { return }
        try watch.wait(timeout: .milliseconds(250))
      }
    } catch let error as QueueError {
      try Output.write(line: error.line)
      throw ExitCode(1)
    }
  }
}
