import ArgumentParser

/// The command `QueueProbe`: uses a queue as any program may, and tells what came of it, so that
/// tests can take its disk away, kill it, and look afterwards.
@main
struct QueueProbe: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "QueueProbe",
    abstract: "Use a queue and tell what came of it, for the tests of faults.",
    subcommands: [Append.self, DelayEvents.self, Read.self, Serve.self, Share.self])
}
