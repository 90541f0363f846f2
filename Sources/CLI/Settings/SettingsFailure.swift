/// Why there are no settings: all that is wrong, each with its place.
struct SettingsFailure: Error, CustomStringConvertible {
  let faults: [String]
  /// Of sysexits(3); 78 (EX_CONFIG) where what was read is wrong.
  var exitCode: Int32 = 78

  var description: String { faults.joined(separator: "; ") }

  /// What it means for a command.
  var commandFailure: CommandFailure {
    CommandFailure(faults.joined(separator: "\nweir: "), exitCode: exitCode)
  }
}
