import Kernel

/// The process's standard input.
enum StandardInput {
  /// Refuses to go on where the process was started without it: nothing in it is not an empty text.
  ///
  /// - Parameter done: what is not done then.
  static func requireOpen(for done: String) throws(CommandFailure) {
    guard StandardStream.input.isMissing else { return }
    throw CommandFailure("standard input is closed: nothing was \(done)", exitCode: 66)
  }
}
