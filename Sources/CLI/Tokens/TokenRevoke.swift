import Access
import ArgumentParser
import Kernel

/// The command `weir token revoke`.
struct TokenRevoke: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Take a grant away: its tokens open nothing any more.",
    discussion: "A weir that reads the file ends the streams of the grant within a second or two.")

  @Argument(help: "The grant's name.")
  var name: String

  @OptionGroup var accessOption: AccessOption

  func run() throws {
    try reportingFailures {
      try accessOption.edit { text in
        guard try text.remove(name: name) else {
          throw CommandFailure(
            "there is no grant '\(name)' in \(accessOption.access): `weir token list` tells which there are",
            exitCode: 66)
        }
      }
    }
  }
}
