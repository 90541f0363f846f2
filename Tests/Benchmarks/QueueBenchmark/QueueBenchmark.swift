import ArgumentParser

/// The command `QueueBenchmark`: measures a file queue by itself, without a server.
@main
struct QueueBenchmark: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "QueueBenchmark",
    abstract: "Measure a file queue by itself, without a server.",
    discussion: """
      Tests/Benchmarks/queue runs all of it and prints a table. Each command prints one line of \
      JSON. The queue's directory is made where there is none, and kept.
      """,
    subcommands: [
      Append.self, Alone.self, Together.self, Keys.self, ReadAll.self, Wake.self, Watcher.self,
      Replay.self,
    ])
}

/// The queue that is measured.
struct QueueOption: ParsableArguments {
  @Option(help: "The queue's directory.")
  var queue: String
}
