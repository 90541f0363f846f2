import ArgumentParser
import FileQueue
import SystemPackage

/// The option that every command has: which queue.
struct QueueOption: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The queue's directory.", valueName: "directory"))
  var queue: String

  func validate() throws {
    guard !queue.isEmpty else { throw ValidationError("--queue is empty: name a directory.") }
  }

  /// Opens the queue to append to it.
  func open(creating: Bool) throws(QueueError) -> Queue {
    try Queue(at: FilePath(queue), creating: creating)
  }

  /// Opens the queue to read it; permission to read is enough.
  func openForReading() throws(QueueError) -> Queue { try Queue(readingAt: FilePath(queue)) }
}
