import ArgumentParser

/// The option of commands that may take long.
struct QuietOption: ParsableArguments {
  @Flag(
    help: "Show no progress; without it, it is shown where standard error is a terminal.")
  var quiet = false
}
