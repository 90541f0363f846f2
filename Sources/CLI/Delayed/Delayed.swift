import ArgumentParser

/// The command `weir delayed`.
struct Delayed: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell which events wait for their time, and cancel some.",
    discussion: """
      Works on the queue's files, whether or not weir serves it, or asks a site. Events are published by a \
      worker (weir serve): where none runs they wait, and go out when one does.

        weir delayed --queue /var/lib/weir/queue
        weir delayed --url https://example.org --json
        weir delayed cancel --queue /var/lib/weir/queue 6f2a91c49be1d203
      """,
    subcommands: [DelayedList.self, DelayedCancel.self], defaultSubcommand: DelayedList.self)
}
