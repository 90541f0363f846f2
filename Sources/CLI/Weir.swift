import ArgumentParser
import Figures
import Kernel

/// The command `weir`.
@main
struct Weir: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weir",
    abstract: "Push events from a server to browsers, behind nginx.",
    discussion: """
      A queue is a directory of plain files. `weir serve` streams its events to browsers and takes \
      new ones over HTTP; the other commands work on the directory itself, whether or not weir \
      serves it at that moment. Those that take --url do the same at a site that has weir.

      Try it (nginx passes /sse and /publish on to the socket):
        weir serve --queue ./queue --socket ./weir.sock --demo
        weir publish --queue ./queue "Hello"
        weir tail --queue ./queue

      Exit codes are those of sysexits(3): 64 wrong usage, 65 damaged data, 66 no such queue, event or \
      group, or no input, 69 the socket is taken or no weir at --url, 71 system error, 73 cannot create, \
      74 input/output error (also where only the output could not be written: what was queued stays so), \
      75 try again later, 77 no permission, 78 wrong settings, of weir or of \
      what `weir doctor` has looked at.
      """,
    version: Version.current,
    subcommands: [
      Serve.self, Config.self, Publish.self, Tail.self, Delayed.self, Status.self, Topics.self,
      Groups.self, Token.self, Doctor.self, Check.self, Backup.self, Restore.self, Export.self,
      Import.self,
    ])

  /// Makes the process safe to work in, then runs the command.
  static func main() {
    StandardStream.fillGaps()
    SignalQueue.ignoreFailedWrites()
    if let place = ProcessArguments.firstThatIsNotUTF8 {
      StandardError.write("weir: argument \(place) is not UTF-8: give text in UTF-8\n")
      exit(withError: ExitCode(64))
    }
    main(nil)
  }
}
