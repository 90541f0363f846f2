import ArgumentParser
import FileQueue
import Kernel
import SystemPackage

/// The command `QueueProbe append`.
struct Append: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Append batches; print 'ack FIRST NEXT' for each that is on disk, and 'hid NEXT' where the events before it "
      + "of the topic gone-NAME are hidden.",
    discussion: "Exits with 0 where all were acknowledged, with 1 after an error.")

  @Option(help: "The queue's directory; it is made if it is not there.")
  var queue: String

  @Option(help: "How many batches to append.")
  var batches = 20

  @Option(help: "How many events the largest batch has.")
  var batchSize = 4

  @Option(help: "The size at which a segment is followed by the next.")
  var segmentBytes = 2000

  @Option(help: "Who writes; told in each event.")
  var name = "w"

  @Flag(help: "After an error, try the same batch again a few times before giving up.")
  var persist = false

  @Flag(help: "Give each event a key, so that the same writer may be run again.")
  var keys = false

  @Option(help: "How many events retention is to keep in the end; all of them if not named.")
  var keep: Int?

  func run() throws {
    var tries = persist ? 4 : 1
    while true {
      do {
        let opened = try Queue(at: FilePath(queue), creating: true)
        var appender = try Appender(opened, segmentByteCountMaximum: segmentBytes)
        try append(to: &appender)
        if let keep { try removeOld(keep, in: opened) }
        return
      } catch let error as QueueError {
        try Output.write(line: error.line)
        tries -= 1
        if tries == 0 { throw ExitCode(1) }
      }
    }
  }

  private func removeOld(_ keep: Int, in queue: Queue) throws {
    let retention = Retention(byteCountMaximum: nil, ageMaximum: nil, eventCountMaximum: keep)
    let upkeep = try Upkeep(queue, retention: retention) { _, _ in }
    while try queue.oldestSequence() == 1 { Clock.pause(.milliseconds(10)) }
    upkeep.stop()
  }

  private func append(to appender: inout Appender) throws {
    for (number, batch) in ProbeBatches(writer: name, count: batches, sizeMaximum: batchSize)
      .enumerated()
    {
      let events = try batch.map { try $0.pending(hasKey: keys) }
      let sequences = try trying { () throws(QueueError) in
        try appender.append(events).map { outcome throws(QueueError) in try outcome.get().sequence }
      }
      // They are in one place, but for those of a batch of which a part was there before.
      let last = sequences.indices.last { $0 > 0 && sequences[$0] != sequences[$0 - 1] + 1 }
      for part in [sequences[..<(last ?? 0)], sequences[(last ?? 0)...]] where !part.isEmpty {
        try Output.write(line: "ack \(part[part.startIndex]) \(part[part.endIndex - 1] + 1)")
      }
      guard number % 4 == 3 else { continue }
      let topic = try ProbeEvent.deletedTopic(of: name)
      let next = try trying { () throws(QueueError) in try appender.delete([topic]) }
      try Output.write(line: "hid \(next)")
    }
  }

  private func trying<Result>(_ body: () throws(QueueError) -> Result) throws -> Result {
    var tries = persist ? 4 : 1
    while true {
      do {
        return try body()
      } catch {
        try Output.write(line: error.line)
        tries -= 1
        if tries == 0 { throw ExitCode(1) }
      }
    }
  }
}
