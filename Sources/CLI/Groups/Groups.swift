import ArgumentParser

/// The command `weir groups`.
struct Groups: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tell where groups are, which share events; acknowledge events, remove a group.",
    discussion: """
      Works on the queue's files, whether or not weir serves it, or asks a site.

        weir groups --queue /var/lib/weir/queue
        weir groups --url https://example.org --json
        weir groups ack --url https://example.org print 6f2a91c4-42 6f2a91c4-43
        weir groups remove --queue /var/lib/weir/queue print
      """,
    subcommands: [GroupsList.self, GroupsAcknowledge.self, GroupsRemove.self],
    defaultSubcommand: GroupsList.self)
}
