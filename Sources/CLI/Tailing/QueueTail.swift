import Figures
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

  /// Prints until all topics have ended, or nobody reads any more.
  func run() throws {
    var queue = try target.openForReading()
    var watch = ends ? nil : Self.watch(queue)
    // Who asks for nothing but what is there asks for all of it.
    let lastCount = range.lastCount
    let (next, gap) = try range.beginning(
      in: queue,
      otherwise: try ends && lastCount == nil ? queue.oldestSequence() : queue.durableNext)
    gap?.tell()
    var printer = try EventPrinter(queue, from: next, range, as: rendering)
    if let lastCount { try printer.printLast(lastCount) }
    var isRead = true
    while isRead {
      switch try queue.look() {
      case .here:
        try printer.printAll(expired: false)
        if printer.isOver { return }
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
      EventGap(requested: "\(seen)", oldest: found.epochs.id(of: next), .restored).tell()
      return (found, next)
    case .ahead, .unknown:
      throw CommandFailure(
        "another queue is at \(target.path), which does not know \(seen): start this again",
        exitCode: 74)
    }
  }
}
