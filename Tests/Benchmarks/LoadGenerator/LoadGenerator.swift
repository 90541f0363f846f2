import ArgumentParser

/// The command `LoadGenerator`: puts load on a running hub and measures what comes of it.
@main
struct LoadGenerator: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "LoadGenerator",
    abstract: "Put load on a running hub, through nginx, and measure.",
    discussion: """
      Tests/Benchmarks/run starts weir and others and uses all of it. By hand, against deploy/up:
        LoadGenerator fan-out --url http://127.0.0.1:8080/sse/load \\
          --publish-url http://127.0.0.1:8080/publish/load \\
          --subscribers 1000 --rate 100 --seconds 20

      Exits with 0 where the measurement held what it checks, with 1 where something was lost,
      doubled or refused, or could not be measured.
      """,
    subcommands: [
      FanOut.self, Idle.self, Storm.self, Stall.self, Publish.self, Fill.self, Replay.self,
      Sync.self,
    ])
}
