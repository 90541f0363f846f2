import FileQueue
import Kernel

/// Reads events of a queue and prints them, each once, in their order.
struct EventPrinter: ~Copyable {
  private var queue: Queue
  private let filter: TopicFilter?
  private let names: EventNames?
  private let rendering: EventRendering
  private let progress: Progress?
  private let first: UInt64
  private var reader: QueueReader
  private var cursor: Cursor
  /// Events that were not there because of damage.
  private(set) var damagedCount: UInt64 = 0

  /// Begins at a sequence.
  ///
  /// - Parameter progress: is told how many events were read.
  init(
    _ queue: Queue, from sequence: UInt64, _ range: EventRange, as rendering: EventRendering,
    progress: Progress? = nil
  ) throws {
    var reader = QueueReader(queue)
    let cursor = try reader.cursor(at: sequence)
    filter = try range.filter()
    names = range.names
    self.cursor = cursor
    self.reader = reader
    self.queue = queue
    self.rendering = rendering
    self.progress = progress
    first = cursor.sequence
  }

  /// Where the next event is to come from.
  var next: UInt64 { cursor.sequence }

  /// Whether nothing will ever come any more: all topics have ended, and all of them was printed.
  var isOver: Bool {
    guard let filter, filter.patterns.isEmpty,
      let end = queue.end(of: filter.topics, before: queue.durableNext)
    else { return false }
    return next > end
  }

  /// Goes on in a queue that was opened anew.
  mutating func goOn(in queue: Queue, from sequence: UInt64) throws {
    var reader = QueueReader(queue)
    cursor = try reader.cursor(at: sequence)
    self.reader = reader
    self.queue = queue
  }

  /// Prints the last events before the place where it is, so many of each topic.
  ///
  /// - Throws: `OutputFailure`, what reading the queue throws.
  mutating func printLast(_ count: Int) throws {
    guard count > 0 else { return }
    let now = Clock.unixMilliseconds()
    let (names, rendering, epochs) = (names, rendering, queue.epochs)
    var search = try reader.search(
      lastOf: try filter ?? TopicFilter([">"]), count: count, before: next)
    while !search.isDone {
      try reader.step(&search) { record, bytes in
        record.expiresAt > now && names.take(bytes.extracting(record.body))
      }
    }
    var sequences = search.found[...]
    while !sequences.isEmpty {
      var output: [UInt8] = []
      var failure: (any Error)?
      let count = try reader.read(sequences, byteCountMaximum: 1 << 20) { record, bytes in
        do {
          try rendering.append(record, bytes, epochs: epochs, to: &output)
        } catch {
          failure = error
        }
        return failure == nil
      }
      if let failure { throw failure }
      sequences = sequences.dropFirst(count)
      if !output.isEmpty { try StandardOutput.write(output) }
    }
    if let gap = search.gap { tell(gap) }
  }

  private mutating func tell(_ gap: QueueGap) {
    if gap.reason == .damaged { damagedCount += UInt64(gap.missing.count) }
    let epochs = queue.epochs
    EventGap(
      requested: "\(epochs.id(of: gap.missing.lowerBound - 1))",
      oldest: epochs.id(of: gap.missing.upperBound),
      gap.reason == .damaged ? .damaged : .expired
    ).tell()
  }

  /// Prints what there is; a gap is told on standard error.
  ///
  /// - Parameter expired: whether events that are not delivered any more are printed too.
  /// - Throws: `OutputFailure`, what reading the queue throws.
  mutating func printAll(expired: Bool) throws {
    while true {
      var output: [UInt8] = []
      var failure: (any Error)?
      let now = Clock.unixMilliseconds()
      let (names, rendering) = (names, rendering)
      let isUnfiltered = filter == nil
      let queue = queue
      let epochs = queue.epochs
      let visit = { (record: RecordLayout, bytes: Span<UInt8>) in
        if !expired, record.expiresAt <= now { return }
        // A filter knows of what is hidden.
        if isUnfiltered, queue.hides(record, bytes) { return }
        guard names.take(bytes.extracting(record.body)) else { return }
        do {
          try rendering.append(record, bytes, epochs: epochs, to: &output)
        } catch {
          failure = error
        }
      }
      let outcome =
        if let filter {
          try reader.read(
            from: &cursor, matching: filter, byteCountMaximum: 1 << 20, visit)
        } else {
          try reader.read(from: &cursor, byteCountMaximum: 1 << 20, visit)
        }
      if let failure { throw failure }
      if !output.isEmpty { try StandardOutput.write(output) }
      progress?.show(Int(clamping: cursor.sequence - min(first, cursor.sequence)))
      switch outcome {
      case .caughtUp: return
      case .more: break
      case .gap(let gap): tell(gap)
      }
    }
  }
}
