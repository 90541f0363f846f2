import ArgumentParser

/// The command `weir token`.
struct Token: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make, list and revoke tokens, and try what a grant allows.",
    discussion: """
      Works on the file that weir serve --access reads, which sees each change within a second. Only the \
      hashes of tokens stand in it.

        weir token make ci --publish 'builds.>' --access /etc/weir/access.toml
        weir token try ci publish builds.7 --access /etc/weir/access.toml
        weir token revoke ci --access /etc/weir/access.toml
      """,
    subcommands: [TokenMake.self, TokenList.self, TokenRevoke.self, TokenTry.self])
}
