import Access
import ArgumentParser
import Figures
import FoundationEssentials
import Kernel

/// The command `weir token list`.
struct TokenList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Tell which grants there are, and what they allow.")

  @OptionGroup var accessOption: AccessOption

  @Flag(help: "Print a JSON object a line for each grant.")
  var json = false

  func run() throws {
    try reportingFailures {
      let grants = try accessOption.rules().summaries
      if json {
        try StandardOutput.write(grants.flatMap { JSON.encode($0) })
      } else {
        let lines = grants.map { Self.text(of: $0) }
        try StandardOutput.write(
          lines.isEmpty ? "no grant: everything is closed\n" : lines.joined())
      }
    }
  }

  private static func text(of grant: GrantSummary) -> String {
    var head = "\(grant.name)  \(grant.proof)"
    if let count = grant.tokens, count > 1 { head += "s: \(count)" }
    if let end = grant.expires {
      let date = Date(timeIntervalSince1970: Double(end / 1000)).formatted(.iso8601)
      head += end <= Clock.unixMilliseconds() ? "  ended \(date)" : "  until \(date)"
    }
    var lines = [head]
    if !grant.publish.isEmpty {
      lines.append("  publish    \(grant.publish.joined(separator: ", "))")
    }
    if !grant.subscribe.isEmpty {
      lines.append("  subscribe  \(grant.subscribe.joined(separator: ", "))")
    }
    return lines.map { $0 + "\n" }.joined()
  }
}
