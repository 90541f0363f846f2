import Access
import ArgumentParser
import FileQueue
import Kernel

/// The command `weir token try`.
struct TokenTry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try", abstract: "Tell whether a grant allows something.",
    discussion: """
      Prints yes or no; exits with 0 or 1.

        weir token try site subscribe users.anna.mail --user anna --access /etc/weir/access.toml

      What a JSON Web Token or nginx would allow beside the grant is not known here.
      """)

  /// What is tried.
  enum Deed: String, CaseIterable, ExpressibleByArgument {
    case publish, subscribe
  }

  @Argument(help: "The grant's name.")
  var name: String

  @Argument(help: "publish or subscribe.")
  var deed: Deed

  @Argument(help: "The topic; a pattern, too, to subscribe.")
  var topic: String

  @Option(help: ArgumentHelp("The user that is proven by jwt or nginx.", valueName: "name"))
  var user: String?

  @OptionGroup var accessOption: AccessOption

  func run() throws {
    try reportingFailures {
      let rules = try accessOption.rules()
      _ = try deed == .publish ? TopicFilter(of: Topic(topic)) : TopicFilter([topic])
      guard let permit = rules.permit(ofGrant: name, user: user, now: Clock.unixMilliseconds())
      else {
        throw CommandFailure(
          "there is no grant '\(name)' in \(accessOption.access): `weir token list` tells which there are",
          exitCode: 66)
      }
      let isAllowed = deed == .publish ? permit.mayPublish(topic) : permit.maySubscribe(topic)
      try StandardOutput.write(isAllowed ? "yes\n" : "no\n")
      if let unfit = permit.unfitName {
        StandardError.write(
          "weir: '\(unfit)' cannot stand for {user}, because of a dot, '*', '>' or a brace in it\n")
      }
      guard isAllowed else { throw ExitCode(1) }
    }
  }
}
