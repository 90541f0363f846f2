import ArgumentParser

/// How much data an event carries.
struct DataOptions: ParsableArguments {
  @Option(help: "The length of each event's data.")
  var dataBytes = 100

  func validate() throws {
    guard (Stamp.byteCountMinimum...Stamp.byteCountMaximum).contains(dataBytes) else {
      throw ValidationError(
        "--data-bytes is a number from \(Stamp.byteCountMinimum) to \(Stamp.byteCountMaximum).")
    }
  }

  /// Stamps of a run, of a new one where none is named.
  func stamp(run: String? = nil) -> Stamp { Stamp(byteCount: dataBytes, run: run) }
}
