import FileQueue
import Kernel

/// Events on their way into a queue, appended together.
struct ImportBatch: ~Copyable {
  private var appender: Appender
  private var events: [PendingEvent] = []
  private let progress: Progress
  private var readByteCount = 0
  /// Events that are on disk.
  private(set) var count = 0
  /// Those of them that were there before, as their keys tell.
  private(set) var replayedCount = 0
  /// Events whose times have yet to come; they get the time at which they are appended.
  private(set) var futureCount = 0
  /// Events that were left out.
  private(set) var passedOverCount = 0
  /// Events that were refused because their topics have ended, and why the first one was.
  private(set) var refused: (count: Int, first: QueueError)?
  /// Bytes that wait.
  private(set) var byteCount = 0

  init(_ appender: consuming Appender, _ progress: Progress) {
    self.appender = appender
    self.progress = progress
  }

  /// Notes how much more of the input was read.
  mutating func noteRead(byteCount: Int) {
    readByteCount += byteCount
    progress.show(readByteCount, eventCount: count)
  }

  /// Notes an event that is left out.
  mutating func passOver() {
    passedOverCount += 1
  }

  /// Adds an event; one that makes a full batch has it appended.
  mutating func add(_ event: PendingEvent) throws {
    if let time = event.publishedAt, time > Clock.unixMilliseconds() { futureCount += 1 }
    events.append(event)
    byteCount += event.byteCount
    if events.count >= QueueLimits.batchEventCountMaximum
      || byteCount >= QueueLimits.batchByteCountMaximum
    {
      try flush()
    }
  }

  /// Appends what waits; it is on disk afterwards.
  mutating func flush() throws {
    guard !events.isEmpty else { return }
    let batch = events
    events = []
    byteCount = 0
    for outcome in try appender.append(batch) {
      switch outcome {
      case .appended(let appended):
        count += 1
        replayedCount += appended.isReplayed ? 1 : 0
      case .refused(let error): refused = ((refused?.count ?? 0) + 1, refused?.first ?? error)
      }
    }
  }
}
