import ArgumentParser

/// The command `weir config`.
struct Config: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print the settings of `weir serve`, and where each comes from.",
    discussion: """
      Takes the options of `weir serve`, and prints what it would do with them, with the variables of \
      this shell and the settings file: a settings file of its own, with the source of each value \
      behind it.

        weir config > weir.toml
        weir config --check weir.toml   # all that is wrong in it; the exit code is 78 then
      """)

  @Option(
    help: ArgumentHelp(
      "Check this settings file and print nothing but what is wrong with it, for deployments.",
      valueName: "file"),
    completion: .file(extensions: ["toml"]))
  var check: String?

  @OptionGroup var options: SettingOptions

  func validate() throws {
    if check != nil, options.config != nil || !options.given.isEmpty {
      throw ValidationError("--check looks at its file alone: leave the other options out.")
    }
  }

  func run() throws {
    try reportingFailures {
      guard let check else {
        try StandardOutput.write(SettingsText.file(Settings(readingFor: options)))
        return
      }
      do throws(SettingsFailure) { _ = try Settings(file: check) } catch {
        throw error.commandFailure
      }
    }
  }
}
