import ArgumentParser

/// The options of every measurement that opens streams.
struct StreamOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The stream to open.", valueName: "url"))
  var url: Endpoint

  @Option(help: "How many streams to open.")
  var subscribers: Int

  func validate() throws {
    guard (1...1_000_000).contains(subscribers) else {
      throw ValidationError("--subscribers is a number from 1 to 1000000.")
    }
  }
}
