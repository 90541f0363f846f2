import Kernel
import SystemPackage

/// The process's standard output, unbuffered.
enum StandardOutput {
  /// Writes all of `bytes`.
  static func write(_ bytes: [UInt8]) throws(OutputFailure) {
    Progress.clear()
    do {
      try StandardStream.output.writeAll(bytes.span)
    } catch {
      throw OutputFailure(cause: error)
    }
  }

  /// Writes `text`.
  static func write(_ text: String) throws(OutputFailure) {
    try write(Array(text.utf8))
  }

  /// Writes what a command that has done its work tells of it.
  ///
  /// - Parameter done: what it has done, in words, for where that fails.
  static func write(_ text: String, afterwards done: String) throws(CommandFailure) {
    do throws(OutputFailure) {
      try write(text)
    } catch {
      throw CommandFailure("\(done); only telling so failed (\(error))", exitCode: 74)
    }
  }
}

/// Standard output took no more; the queue has nothing to do with it.
struct OutputFailure: Error, CustomStringConvertible {
  let cause: SystemCallError

  /// Whether whoever has read it has stopped, as `head` does: no reason to complain.
  var isEndOfReading: Bool { cause.errno == .brokenPipe }

  /// What happened.
  var description: String {
    StandardStream.output.isMissing
      ? "\(StandardStream.output.name) is closed" : cause.descriptionWithAdvice
  }
}

/// The process's standard error.
enum StandardError {
  /// Writes `text`; where that fails there is nowhere to say so.
  static func write(_ text: String) {
    Progress.clear()
    try? StandardStream.error.writeAll(Array(text.utf8).span)
  }
}
