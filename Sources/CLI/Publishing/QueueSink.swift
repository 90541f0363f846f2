import EventStream
import FileQueue
import Kernel

/// Publishes into a queue of this machine.
final class QueueSink: EventSink {
  private let queue: Queue
  private var appender: Appender

  /// Opens the queue.
  init(_ target: EventTarget) throws {
    queue = try target.open()
    appender = try Appender(queue)
  }

  /// Publishes one event; returns its id once it is on disk.
  func publish(_ publication: Publication) throws -> String {
    do {
      let appended = try appender.append([try publication.pending()])[0].get()
      return queue.epochs.id(of: appended.sequence).description
    } catch let error as EventStreamError {
      throw CommandFailure("\(error)", exitCode: 64)
    }
  }

  /// Publishes the events of lines; what is refused stops nothing.
  func publish(_ lines: [InputLine], as format: LineFormat) throws -> PublishTally {
    var tally = PublishTally()
    var events: [PendingEvent] = []
    var numbers: [Int] = []
    for line in lines {
      do throws(LineFault) {
        events.append(try format.pending(line))
        numbers.append(line.number)
      } catch {
        tally.reject(line.number, error.description)
      }
    }
    guard !events.isEmpty else { return tally }
    for (number, outcome) in zip(numbers, try appender.append(events)) {
      switch outcome {
      case .refused(let error): tally.reject(number, "\(error)")
      case .appended(let appended):
        let id = queue.epochs.id(of: appended.sequence).description
        tally.accept(id, isReplayed: appended.isReplayed)
      }
    }
    return tally
  }
}
