import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueProbe delay`.
struct DelayEvents: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delay",
    abstract:
      "Take in events that are due at once, and publish them; cancel every fifth, which is not.",
    discussion: """
      Prints 'took NUMBER' for each that is on disk and 'cancelled NUMBER' for each that is not to be \
      published. Exits with 0 where all of that went well, with 1 after an error.
      """)

  @Option(help: "The queue's directory; it is made if it is not there.")
  var queue: String

  @Option(help: "How many batches to take in.")
  var batches = 8

  @Option(help: "Who writes; told in each event.")
  var name = "d"

  func run() throws {
    do {
      let events = try DelayedEvents(try Queue(at: FilePath(queue), creating: true))
      var isWell = true
      for batch in ProbeBatches(writer: name, count: batches, sizeMaximum: 6) {
        let delayed = try batch.map { event in
          DelayedEvent(
            try event.pending(hasKey: event.number % 3 == 0),
            delay: .after(event.number % 5 == 4 ? .seconds(3600) : .milliseconds(1)))
        }
        var isToCancel: [(number: Int, id: DelayedID)] = []
        for (event, result) in zip(batch, try events.add(delayed)) {
          switch result {
          case .success(let outcome):
            try Output.write(line: "took \(event.number)")
            if case .waits(let receipt) = outcome, event.number % 5 == 4 {
              isToCancel.append((event.number, receipt.id))
            }
          case .failure(let error):
            isWell = false
            try Output.write(line: error.line)
          }
        }
        let outcomes = try events.cancel(isToCancel.map(\.id))
        for (event, outcome) in zip(isToCancel, outcomes) {
          if case .success(.cancelled) = outcome {
            try Output.write(line: "cancelled \(event.number)")
          } else {
            isWell = false
          }
        }
      }
      if try !events.waitUntilPublished(patience: .milliseconds(800)) { isWell = false }
      for text in events.stop() { try Output.write(line: "error report: \(text)") }
      if !isWell { throw ExitCode(1) }
    } catch let error as QueueError {
      try Output.write(line: error.line)
      throw ExitCode(1)
    }
  }
}
