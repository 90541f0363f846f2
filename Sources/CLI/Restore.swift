import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `weir restore`.
struct Restore: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a queue of a backup, in a place where none is.",
    discussion: """
      The backup is a directory that `weir backup` or any other program has copied, or, as '-', a tar \
      archive on standard input. Nothing is overwritten: move what is there away, which a weir that \
      serves it notices; it ends when the restored queue is in its place, and is to be started again \
      then, as service managers do.

        mv /var/lib/weir/queue /var/lib/weir/queue.old
        weir restore --queue /var/lib/weir/queue /var/backups/weir
        gunzip < weir.tar.gz | weir restore --queue /var/lib/weir/queue -

      The events of the backup keep their ids; new ones get ids that no event had before. Subscribers \
      who have seen events that are not in the backup are told so (weir.gap, reason restored).
      """)

  @OptionGroup var queueOption: QueueOption
  @OptionGroup var quiet: QuietOption

  @Argument(help: ArgumentHelp("The backup's directory, or '-'.", valueName: "directory"))
  var backup: String

  func validate() throws {
    guard !backup.isEmpty else {
      throw ValidationError("The backup is empty: name a directory, or '-'.")
    }
  }

  func run() throws {
    try reportingFailures {
      _ = try DescriptorLimit.raise()
      let path = FilePath(queueOption.queue)
      let damage: [String]
      let archive = backup == "-" ? StandardStream.input.fileByteCount : nil
      let progress = Progress("restore", of: archive, isQuiet: quiet.quiet)
      if backup == "-" {
        try StandardInput.requireOpen(for: "restored")
        damage = try QueueRestore.run(
          archive: { () throws(SystemCallError) in
            let bytes = try StandardStream.input.read()
            progress.add(bytes?.count ?? 0)
            return bytes
          }, to: path
        ) { progress.show($0) }
      } else {
        do throws(QueueError) {
          damage = try QueueRestore.run(from: FilePath(backup), to: path) { progress.show($0) }
        } catch .noQueue {
          throw CommandFailure("there is no backup at \(backup): check the path", exitCode: 66)
        }
      }
      try reportDamage(damage, in: queueOption.queue)
      let done = "\(queueOption.queue) holds \(EventCount(try QueueBackup(of: path)).text)"
      try StandardOutput.write("\(done)\n", afterwards: done)
    }
  }
}
