import Kernel
import Synchronization

/// The states of topics as all who have a queue open know them: each process follows the file `topics`, as
/// far as the page `tail` says that it is good.
///
/// Any thread may use it. Where no topic has ended or was deleted, it costs two loads.
final class TopicStates: Sendable {
  private struct View: Sendable {
    var table = TopicStateTable()
    var log: TopicLogFile?
    /// Up to where the lines of the log are in the table.
    var byteCount = 0
    /// Lines that have been read.
    var lineCount = 0
  }

  private let directory: QueueDirectory
  private let isWritable: Bool
  private let view: Mutex<View>
  /// The cell of the page that the view is up to; 0 where there is no file, or nobody keeps account of it.
  private let followed: Atomic<UInt64>
  /// ``TopicStateTable/hiddenBefore``.
  private let hidden: Atomic<UInt64>
  private let isEmptyNow: Atomic<Bool>

  /// Whether what was found differs from the file, and there was no room to mend it: it has to be made
  /// before an event is appended, whose number may stand in it.
  let isFileWrong: Bool

  /// The states that were found at opening.
  ///
  /// - Parameters:
  ///   - found: nil where the page tells how far the file is good.
  ///   - isWritable: whether the process may append to the queue.
  init(_ directory: QueueDirectory, _ found: TopicStateRecovery?, isWritable: Bool) {
    self.directory = directory
    self.isWritable = isWritable
    let table = found?.table ?? TopicStateTable()
    view = Mutex(View(table: table))
    followed = Atomic(0)
    hidden = Atomic(table.hiddenBefore)
    isEmptyNow = Atomic(table.isEmpty)
    isFileWrong = found?.isThere ?? false
  }

  // MARK: - Keeping up

  /// Takes in what processes have added.
  ///
  /// - Throws: `deleted`, `damaged`, `system`.
  func follow(_ tail: borrowing Tail) throws(QueueError) {
    let cell = tail.topicLogCell
    if followed.load(ordering: .acquiring) == cell { return }
    guard let place = TopicLogPlace(cell: cell) else { return }
    try view.withLock { (view) throws(QueueError) in
      if view.log?.generation == place.generation {
        try Self.take(upTo: place.byteCount, &view)
      } else {
        // Another thread has seen a later one.
        if let known = view.log, known.generation > place.generation { return }
        view = try read(tail)
      }
      note(view)
    }
  }

  /// Takes in what there is if it can be read.
  func look(_ tail: borrowing Tail) { try? follow(tail) }

  /// Reads the file that has the name now, as far as it is good.
  private func read(_ tail: borrowing Tail) throws(QueueError) -> View {
    let directory = directory
    let isWritable = isWritable
    while true {
      let named = TopicLogPlace(cell: tail.topicLogCell)?.generation ?? 0
      let log = try mapping { () throws(SystemCallError) in
        try TopicLogFile(in: directory, isWritable: isWritable)
      }
      guard let log, log.generation >= named else {
        throw .deleted(path: directory.topicLogPath.string)
      }
      // Before the page is looked at again: it names a file before anything is appended to that.
      let whole = try mapping { () throws(SystemCallError) in try log.file.status().byteCount }
      let place = TopicLogPlace(cell: tail.topicLogCell)
      // It was replaced once more.
      if let place, place.generation > log.generation { continue }
      var view = View(log: log, byteCount: log.headerByteCount)
      try Self.take(
        upTo: place?.generation == log.generation ? place?.byteCount ?? whole : whole, &view)
      return view
    }
  }

  private static func take(upTo end: Int, _ view: inout View) throws(QueueError) {
    guard let log = view.log, end > view.byteCount else { return }
    var table = view.table
    view.table = TopicStateTable()
    var lineCount = 0
    let start = view.byteCount
    let ending: TopicLogFile.Ending
    do throws(SystemCallError) {
      ending = try log.read(from: start, upTo: end) { line, topic in
        lineCount += 1
        table.take(line, topic)
      }
    } catch {
      // What was read twice changes nothing.
      view.table = table
      throw .system(error)
    }
    view.table = table
    if case .broken(let offset) = ending {
      throw .damaged(segment: TopicLog.name, offset: offset, reason: "it has no line there")
    }
    view.lineCount += lineCount
    view.byteCount = end
  }

  private func note(_ view: borrowing View) {
    hidden.store(view.table.hiddenBefore, ordering: .releasing)
    isEmptyNow.store(view.table.isEmpty, ordering: .releasing)
    guard let log = view.log else { return }
    let place = TopicLogPlace(generation: log.generation, byteCount: view.byteCount)
    followed.store(place.cell, ordering: .releasing)
  }

  // MARK: - Asking

  /// Whether no topic has a state.
  var isEmpty: Bool { isEmptyNow.load(ordering: .acquiring) }

  /// The state of a topic.
  ///
  /// - Parameter hash: ``Topic/hash64(_:)`` of it.
  func state(of encodedTopic: Span<UInt8>, hash: UInt64) -> TopicState {
    if isEmpty { return TopicState() }
    return view.withLock { $0.table.state(of: encodedTopic, hash: hash) }
  }

  /// From which sequence on no event that a filter takes is hidden.
  func hiddenBefore(_ filter: TopicFilter) -> UInt64 {
    let latest = hidden.load(ordering: .acquiring)
    guard latest > 0, filter.patterns.isEmpty else { return latest }
    return view.withLock { view in
      filter.topics.reduce(0) {
        max($0, view.table.state(of: $1.encoded.span, hash: $1.hash64).hiddenBefore)
      }
    }
  }

  /// Whether an event is hidden under each of its topics that a filter takes; nil takes all.
  func hide(_ record: RecordLayout, _ bytes: Span<UInt8>, from filter: TopicFilter?) -> Bool {
    if record.sequence >= hidden.load(ordering: .acquiring) { return false }
    return view.withLock { view in
      var isSeen = false
      record.forEachTopic(in: bytes) { topic in
        if isSeen || filter?.matches(topic) == false { return }
        isSeen = record.sequence >= view.table.state(of: topic).hiddenBefore
      }
      return !isSeen
    }
  }

  /// The last event of topics that have all ended before a sequence; nil where one has not.
  func end(of topics: [Topic], before next: UInt64) -> UInt64? {
    if isEmpty { return nil }
    return view.withLock { view in
      var last: UInt64 = 0
      for topic in topics {
        let end = view.table.state(of: topic.encoded.span, hash: topic.hash64).endedAt
        guard end > 0, end < next else { return nil }
        last = max(last, end)
      }
      return last
    }
  }

  /// How many topics have ended.
  var endedCount: Int { isEmpty ? 0 : view.withLock { $0.table.endedCount } }

  /// Lends the table; not for long, because an appender may wait for it.
  func withTable<Result: Sendable>(_ body: (TopicStateTable) -> Result) -> Result {
    view.withLock { body($0.table) }
  }

  // MARK: - Changing, under the queue's lock

  /// The log that is appended to; nil where there is none yet.
  var log: TopicLogFile? { view.withLock { $0.log } }

  /// Up to where the log is known; nil where there is none yet.
  var place: TopicLogPlace? { TopicLogPlace(cell: followed.load(ordering: .acquiring)) }

  /// How many lines of the log are known.
  var lineCount: Int { view.withLock { $0.lineCount } }

  /// A copy of the states, and of which log up to where.
  var contents: (table: TopicStateTable, log: TopicLogFile?, byteCount: Int) {
    view.withLock { ($0.table, $0.log, $0.byteCount) }
  }

  /// Goes on with the file that has taken the place of the one that is open.
  ///
  /// - Throws: `deleted` where there is none; `damaged`, `system`.
  func goOnWithNewer(_ tail: borrowing Tail) throws(QueueError) {
    try view.withLock { (view) throws(QueueError) in
      let fresh = try read(tail)
      guard let log = fresh.log, log.generation > view.log?.generation ?? 0 else {
        throw .deleted(path: directory.topicLogPath.string)
      }
      view = fresh
      note(view)
    }
  }

  /// Goes on with a log that has taken the place of another, and the states that its first bytes make.
  func replace(
    _ log: TopicLogFile, _ table: TopicStateTable, byteCount: Int, lineCount: Int
  ) {
    view.withLock { view in
      view = View(table: table, log: log, byteCount: byteCount, lineCount: lineCount)
      note(view)
    }
  }
}

extension TopicStateTable {
  /// Takes in a line of the file `topics`.
  mutating func take(_ line: TopicLog.Line, _ topic: Span<UInt8>) {
    switch line {
    case .end(let sequence): change(topic) { $0.end(at: sequence) }
    case .hide(let sequence): change(topic) { $0.hide(before: sequence) }
    case .seen: break
    }
  }
}
