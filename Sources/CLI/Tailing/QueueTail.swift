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
    // Of an older state nothing is printed before somebody has begun an epoch in it.
    var isBehind = false
    while isRead {
      switch try queue.look() {
      case .here where isBehind: break
      case .here:
        try printer.printAll(expired: false)
        if printer.isOver { return }
      // It may come back, or another one in its place.
      case .gone: break
      case .replaced, .fileDeleted:
        guard let found = try opened() else { break }
        if let next = try place(behind: printer.next, of: queue, in: found) {
          try printer.goOn(in: found, from: next)
          isBehind = false
        } else {
          isBehind = true
        }
        if !ends { watch = Self.watch(found) }
        queue = found
        if ends, !isBehind { continue }
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

  /// The queue that is at the path now, served by a worker or put back from a copy; nil while it is about to be put there.
  private func opened() throws -> Queue? {
    do throws(QueueError) { return try target.openForReading() } catch {
      if case .noQueue = error, !ends { return nil }
      throw error
    }
  }

  /// Where the tail goes on in the queue that is at the path now; nil while it is behind what was printed, and nobody
  /// has begun an epoch in it, which tells from where on other events follow.
  private func place(
    behind next: UInt64, of queue: Queue, in found: Queue
  ) throws -> UInt64? {
    let seen = queue.epochs.id(of: next - 1)
    switch found.place(of: seen) {
    case .known: return next
    case .lost(let next):
      EventGap(requested: "\(seen)", oldest: found.epochs.id(of: next), .restored).tell()
      return next
    case .ahead where !found.isTailShared: return nil
    case .ahead, .unknown:
      throw CommandFailure(
        "another queue is at \(target.path), which does not know \(seen): start this again",
        exitCode: 74)
    }
  }
}
