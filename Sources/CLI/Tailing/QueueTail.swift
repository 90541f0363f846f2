import FileQueue
import Kernel

/// Prints the events of a queue of this machine, as they get on disk.
struct QueueTail {
  /// The queue is looked at so often, whatever the watch tells.
  private static let interval: Duration = .milliseconds(250)

  let target: EventTarget
  let range: EventRange
  let rendering: EventRendering
  /// Whether it ends once everything that is there is printed.
  let ends: Bool

  /// Prints until nobody reads any more.
  func run() throws {
    var queue = try target.openForReading()
    var watch = ends ? nil : Self.watch(queue)
    // Who asks for nothing but what is there asks for all of it.
    let beginning = try ends && range.last == nil ? queue.oldestSequence() : queue.durableNext
    var printer = try EventPrinter(
      queue, from: try range.firstSequence(of: queue, otherwise: beginning), range, as: rendering)
    if let last = range.last { try printer.printLast(last) }
    var isRead = true
    while isRead {
      switch try queue.look() {
      case .here: _ = try printer.printAll(expired: false)
      // It may come back, or another one in its place.
      case .gone: break
      case .replaced, .fileDeleted:
        let (found, next) = try successor(of: queue, next: printer.next)
        try printer.goOn(in: found, from: next)
        if !ends { watch = Self.watch(found) }
        queue = found
        if ends { continue }
      }
      if ends { return }
      isRead =
        try
        !(watch?.wait(orHangUpOf: .output, timeout: Self.interval)
        ?? StandardStream.output.waitForHangUp(timeout: Self.interval))
    }
  }

  /// A watch that tells of new events at once; nil where there can be none, which costs a delay only.
  private static func watch(_ queue: Queue) -> FileWatch? {
    do {
      return try queue.watch()
    } catch {
      StandardError.write(
        "weir: no watch on the queue, events come with a delay of up to \(interval.wholeMilliseconds) ms: "
          + "\(error.descriptionWithAdvice)\n")
      return nil
    }
  }

  /// The queue that is at the path now, in which the tail goes on: a worker has begun to serve it, or it
  /// was put back from a copy.
  private func successor(
    of queue: Queue, next: UInt64
  ) throws -> (found: Queue, next: UInt64) {
    let found = try target.openForReading()
    let seen = queue.epochs.id(of: next - 1)
    switch found.place(of: seen) {
    case .known: return (found, next)
    case .lost(let next):
      StandardError.write("weir: the queue was restored: what came up to \(seen) is lost in it\n")
      return (found, next)
    case .ahead, .unknown:
      throw CommandFailure(
        "another queue is at \(target.path), which does not know \(seen): start this again",
        exitCode: 74)
    }
  }
}
