import Kernel
import SystemPackage

/// The path of a file with a secret.
///
/// `$CREDENTIALS_DIRECTORY/NAME` is a file that the service manager has put where only the service can read it
/// (systemd's `LoadCredential=`). It is spelled as in a unit and in a shell, which replace it by themselves.
enum SecretPath {
  private static let variable = "CREDENTIALS_DIRECTORY"

  private static let beginnings = ["$\(variable)/", "${\(variable)}/"]

  /// Whether a path is spelled so.
  static func isOne(_ text: String) -> Bool {
    beginnings.contains { text.utf8.starts(with: $0.utf8) }
  }

  /// Where it leads.
  ///
  /// - Parameter name: of the option or setting, for the error.
  static func resolve(_ text: String, of name: String) throws(CommandFailure) -> FilePath {
    for beginning in beginnings where text.utf8.starts(with: beginning.utf8) {
      guard let folder = Environment[variable] else {
        throw CommandFailure(
          "\(name) is '\(text)', and weir was started without credentials: name them in its unit with "
            + "LoadCredential=, or name the file's path", exitCode: 78)
      }
      return FilePath(folder).appending(
        String(decoding: text.utf8.dropFirst(beginning.utf8.count), as: UTF8.self))
    }
    return FilePath(text)
  }
}
