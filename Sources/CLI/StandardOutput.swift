import Kernel
import SystemPackage

/// The process's standard output, unbuffered.
enum StandardOutput {
  /// Writes all of `bytes`.
  ///
  /// - Throws: EPIPE where nobody reads any more.
  static func write(_ bytes: [UInt8]) throws(SystemCallError) {
    try StandardStream.output.writeAll(bytes.span)
  }

  /// Writes `text`.
  static func write(_ text: String) throws(SystemCallError) {
    try write(Array(text.utf8))
  }
}

/// The process's standard error.
enum StandardError {
  /// Writes `text`; where that fails there is nowhere to say so.
  static func write(_ text: String) {
    try? StandardStream.error.writeAll(Array(text.utf8).span)
  }
}
