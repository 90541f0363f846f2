import EventStream
import FileQueue
import Kernel

/// Publishes into a queue of this machine.
final class QueueSink: EventSink {
  private let queue: Queue
  private var appender: Appender
  /// Opened for the first event that is published later.
  private var delayed: DelayedLog?

  /// Opens the queue.
  init(_ target: EventTarget) throws {
    queue = try target.open()
    appender = try Appender(queue)
  }

  /// Publishes one event; returns its id once it is on disk, or what names it while it waits.
  func publish(_ publication: Publication) throws -> String {
    do {
      if let event = try publication.delayed() { return try takeIn([event])[0].get().id }
      let appended = try appender.append([try publication.pending()])[0].get()
      return queue.epochs.id(of: appended.sequence).description
    } catch let error as EventStreamError {
      throw CommandFailure("\(error)", exitCode: 64)
    }
  }

  /// Publishes the events of lines; what is refused stops nothing.
  func publish(_ lines: [InputLine], as format: LineFormat) throws -> PublishTally {
    var tally = PublishTally()
    var format = format
    var later: DelayedEvent?
    if case .text(var model) = format {
      later = try model.delayed()
      // That of a delayed event counts from when it is published.
      if later != nil { model.ttl = nil }
      format = .text(model)
    }
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
    if let later {
      let delayed = events.map {
        DelayedEvent($0, timeToLive: later.timeToLive, delay: later.delay)
      }
      for (number, result) in zip(numbers, try takeIn(delayed)) {
        switch result {
        case .failure(let error): tally.reject(number, "\(error)")
        case .success(let taken): tally.accept(taken.id, isReplayed: taken.isReplayed)
        }
      }
      return tally
    }
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

  /// Takes in events that are published later, unless they are known by their keys to be out already.
  private func takeIn(
    _ events: [DelayedEvent]
  ) throws -> [Result<(id: String, isReplayed: Bool), QueueError>] {
    if delayed == nil { delayed = try DelayedLog(queue) }
    let outcomes = try delayed?.add(events) { (events) throws(QueueError) in
      try appender.find(events)
    }
    return (outcomes ?? []).map { result in
      result.map { outcome in
        switch outcome {
        case .waits(let receipt): ("\(receipt.id)", receipt.isReplayed)
        case .isPublished(let appended): (queue.epochs.id(of: appended.sequence).description, true)
        }
      }
    }
  }
}
