import ArgumentParser
import EventStream
import FileQueue
import Hub
import JSONText
import Kernel

/// The command `weir import`.
struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Append events from standard input to a queue.",
    discussion: """
      Reads lines of JSON as `weir export` writes them, with the fields of a publish request and time and \
      expires (milliseconds since 1970), or an event stream. The queue is made if there is none; events get \
      new ids, and keep their times where those are not in the future and the queue has no later ones. One \
      whose key the queue knows is not there twice. Prints how many are on disk.

        weir import --queue /var/lib/weir < events.ndjson
        curl -N https://example.org/stream | weir import --queue q --format event-stream
      """)

  /// Input that may come together before it is on disk.
  private static let batchByteCountMaximum = 1 << 20

  @OptionGroup var queueOption: QueueOption

  @Option(name: .shortAndLong, help: "The topic of events that name none.")
  var topic = "default"

  @Option(help: "ndjson or event-stream.")
  var format = EventFormat.ndjson

  @OptionGroup var quiet: QuietOption

  func run() throws {
    try reportingFailures {
      let topic = try Topic(topic)
      try StandardInput.requireOpen(for: "imported")
      let queue = try queueOption.open(creating: true)
      var batch = ImportBatch(
        try Appender(queue),
        Progress("import", of: StandardStream.input.fileByteCount, isQuiet: quiet.quiet))
      do {
        switch format {
        case .ndjson: try readLines(into: &batch, topic)
        case .eventStream: try readEventStream(into: &batch, topic)
        }
        try batch.flush()
      } catch {
        try? batch.flush()
        StandardError.write("weir: \(batch.count) events before it are in the queue\n")
        throw error
      }
      if batch.futureCount > 0 {
        StandardError.write(
          "weir: \(batch.futureCount) events have times in the future, and were given the time of "
            + "their import: check the clock that they come from\n")
      }
      if batch.passedOverCount > 0 {
        StandardError.write(
          "weir: \(batch.passedOverCount) events were passed over whose types begin with "
            + "'\(EventType.ownPrefix)': they tell of the stream that they come from\n")
      }
      if batch.replayedCount > 0 {
        StandardError.write(
          "weir: \(batch.replayedCount) of them were in the queue before, as their keys tell\n")
      }
      if let refused = batch.refused {
        throw CommandFailure(
          "\(batch.count) events imported, \(refused.count) refused: \(refused.first)", exitCode: 65
        )
      }
      try StandardOutput.write(
        "\(batch.count) events imported\n", afterwards: "\(batch.count) events are imported")
    }
  }

  private func readLines(into batch: inout ImportBatch, _ topic: Topic) throws {
    let lines = ImportLines(topic: topic)
    var rest: [UInt8] = []
    var number = 0
    func take(_ line: [UInt8], isEnded: Bool, _ batch: inout ImportBatch) throws {
      number += 1
      if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) { return }
      do {
        try batch.add(try lines.event(line))
      } catch let fault as BatchFault {
        try Self.refuseOtherThanJSON(line, number: number, isEnded: isEnded)
        throw CommandFailure("line \(number): \(fault)", exitCode: 65)
      }
    }
    while let chunk = try StandardStream.input.read() {
      var start = 0
      for index in chunk.indices where chunk[index] == UInt8(ascii: "\n") {
        rest += chunk[start..<index]
        try take(rest, isEnded: true, &batch)
        rest.removeAll(keepingCapacity: true)
        start = index + 1
      }
      rest += chunk[start...]
      guard rest.count <= 8 * QueueLimits.bodyByteCountMaximum else {
        throw CommandFailure("line \(number + 1) is longer than any event", exitCode: 65)
      }
      try flushIfDue(&batch, after: chunk)
    }
    if !rest.isEmpty { try take(rest, isEnded: false, &batch) }
  }

  private func readEventStream(into batch: inout ImportBatch, _ topic: Topic) throws {
    var parser = EventStreamParser(
      eventByteCountMaximum: QueueLimits.bodyByteCountMaximum)
    while let chunk = try StandardStream.input.read() {
      do {
        try parser.feed(chunk.span) { event in
          // What another weir tells of its own stream is no event of this one.
          if event.type.utf8.starts(with: EventType.ownPrefix.utf8) { return batch.passOver() }
          let type = event.type == "message" ? nil : try EventType(event.type)
          try batch.add(try PendingEvent(Event(type: type, data: event.data), topic: topic))
        }
      } catch let error as EventStreamError {
        throw CommandFailure("\(error)", exitCode: 65)
      }
      try flushIfDue(&batch, after: chunk)
    }
  }

  /// What comes slowly, from a stream that goes on for hours, is not kept waiting.
  private func flushIfDue(_ batch: inout ImportBatch, after chunk: [UInt8]) throws {
    batch.noteRead(byteCount: chunk.count)
    if batch.byteCount >= Self.batchByteCountMaximum || chunk.count < StandardStream.chunkByteCount
    {
      try batch.flush()
    }
  }

  /// What is not JSON is refused with the place in its line.
  ///
  /// - Parameter isEnded: whether a newline follows the line.
  private static func refuseOtherThanJSON(
    _ line: [UInt8], number: Int, isEnded: Bool
  ) throws(CommandFailure) {
    do {
      try JSONText.check(line)
    } catch {
      let fault =
        switch error.kind {
        case .duplicateName: "the field \(error)"
        // What was begun in it ends with the line.
        case .cutOff(in: "a string") where isEnded:
          "a raw newline stands in a string at \(error.place): write it as \\n"
        default: "\(error)"
        }
      throw CommandFailure("line \(number) is not JSON: \(fault)", exitCode: 65)
    }
  }
}
