import FileQueue
import Kernel

/// What the probe tells on standard output: each line in one write(2), so that it is all there or
/// not at all.
enum Output {
  /// Writes a line.
  static func write(line: String) throws {
    try StandardStream.output.writeAll(Array("\(line)\n".utf8).span)
  }
}

extension QueueError {
  /// The error in one word, for the tests, and in its own words.
  var line: String {
    let kind =
      switch self {
      case .full: "full"
      case .readOnly: "read-only"
      case .damaged: "damaged"
      case .system: "system"
      default: "refused"
      }
    return "error \(kind): \(self)"
  }
}
