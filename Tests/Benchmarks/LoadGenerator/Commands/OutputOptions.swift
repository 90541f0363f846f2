import ArgumentParser
import SystemPackage

/// The options that every measurement has.
struct OutputOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Write the raw figures there as well.", valueName: "file"))
  var json: String?

  @Option(help: "Give up after so many seconds, whatever has come.")
  var timeLimitSeconds = 300

  func validate() throws {
    guard (1...86_400).contains(timeLimitSeconds) else {
      throw ValidationError("--time-limit-seconds is a number from 1 to 86400.")
    }
  }

  /// The moment to give up at, counted from now.
  var deadline: Deadline { Deadline(after: .seconds(timeLimitSeconds)) }

  /// Prints the figures, and writes them to the file where one is named.
  func publish(_ report: Report) throws {
    print(report.text, terminator: "")
    guard let json else { return }
    try TextFile.write(report.json, to: FilePath(json))
  }
}
