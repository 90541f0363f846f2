import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `weir backup`.
struct Backup: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Copy a queue as it is at this moment, also while weir serves it.",
    discussion: """
      Needs no more than permission to read the queue. A directory that holds an earlier backup of the \
      same queue is brought up to date: segments that are in it are not copied again, and at every \
      moment it is a whole backup. Afterwards it is on disk and has been checked; exits with 65 where \
      something in it is damaged. '-' writes a tar archive to standard output.

        weir backup --queue /var/lib/weir/queue /var/backups/weir
        weir backup --queue /var/lib/weir/queue - | gzip > weir.tar.gz

      Every night, as a line of the crontab of a user who may read the queue:
        15 3 * * * weir backup --queue /var/lib/weir/queue /var/backups/weir
      """)

  @OptionGroup var queueOption: QueueOption
  @OptionGroup var quiet: QuietOption

  @Argument(
    help: ArgumentHelp(
      "Where the backup goes: a new or empty directory, an earlier backup, or '-'.",
      valueName: "directory"))
  var destination: String

  func validate() throws {
    guard !destination.isEmpty else {
      throw ValidationError("The destination is empty: name a directory, or '-'.")
    }
  }

  func run() throws {
    try reportingFailures {
      // Three for each segment are open at once.
      _ = try DescriptorLimit.raise()
      let backup = try QueueBackup(of: FilePath(queueOption.queue))
      let content = EventCount(backup).text
      let progress = Progress("backup", of: backup.byteCount, isQuiet: quiet.quiet)
      if destination == "-" {
        do throws(SystemCallError) {
          try backup.archive { (bytes) throws(SystemCallError) in
            try StandardStream.output.writeAll(bytes)
            progress.add(bytes.count)
          }
        } catch {
          // Part of an archive is no backup: whoever reads it has to know.
          throw CommandFailure(
            "the archive is not whole: \(OutputFailure(cause: error))", exitCode: 74)
        }
        StandardError.write("weir: backed up \(content)\n")
        return
      }
      let damage = try backup.write(to: FilePath(destination)) { progress.show($0) }
      try reportDamage(damage, in: destination)
      let done = "\(destination) holds \(content)"
      try StandardOutput.write("\(done)\n", afterwards: done)
    }
  }
}

/// How many events a backup has, and which, in words.
struct EventCount {
  let text: String

  init(_ backup: QueueBackup) {
    guard let oldest = backup.oldestID, let newest = backup.newestID else {
      text = "no events"
      return
    }
    text =
      (backup.eventCount == 1 ? "1 event" : "\(backup.eventCount) events")
      + ", \(oldest) to \(newest)"
  }
}

extension ParsableCommand {
  /// Ends a command that has made a copy of a queue in which something is damaged.
  func reportDamage(_ damage: [String], in path: String) throws {
    guard !damage.isEmpty else { return }
    for line in damage { StandardError.write("weir: \(line)\n") }
    throw CommandFailure(
      "\(path) is there, but not all of it is whole: `weir check` tells whether the queue that it was "
        + "made of is", exitCode: 65)
  }
}
