public import Kernel
import SystemPackage

/// The events that wait for their time, in the file `delayed` of a queue; belongs to one thread.
///
/// All processes append to the file, in turns, under a lock of its own. What the entries say is kept in
/// memory (``DelayedTable``), and read on before anything is decided. The format is described in <doc:Format>.
public struct DelayedLog: ~Copyable {
  private let queue: Queue
  private let lock: FileLock
  private let lockFile: FileIdentity
  private let deadByteCountMaximum: Int
  private var file: DelayedFile?
  /// Whether something was appended that may not be on disk yet.
  private(set) var isUnsynced = false

  /// The delayed events of `queue`.
  ///
  /// - Parameter deadByteCountMaximum: the file is made anew when more of it means nothing any more.
  /// - Throws: `openedForReading`, `system`.
  public init(
    _ queue: Queue, deadByteCountMaximum: Int = QueueLimits.delayedDeadByteCountMaximum
  ) throws(QueueError) {
    _ = try queue.openLock()
    let lock = try mapping { () throws(SystemCallError) in
      FileLock(try queue.directory.open(queue.directory.delayedLockPath, .createIfMissing))
    }
    lockFile = try mapping { () throws(SystemCallError) in try lock.status().identity }
    self.lock = lock
    self.queue = queue
    self.deadByteCountMaximum = deadByteCountMaximum
  }

  // MARK: - What people ask for

  /// Takes in events, each by itself; they are on disk when this returns.
  ///
  /// That an event is neither in the queue nor waits, and is taken in, is one step: nobody publishes an event that
  /// waits, or takes one in, meanwhile.
  ///
  /// - Parameters:
  ///   - now: milliseconds since 1970.
  ///   - find: tells what is in the queue, as ``Appender/find(_:)`` does; asked under the lock of the delayed
  ///     events, inside of which the queue's may be taken.
  /// - Returns: for each what became of it, or why it was not taken in.
  /// - Throws: what is the matter with all of them.
  public mutating func add(
    _ events: [DelayedEvent], now: Int64 = Clock.unixMilliseconds(),
    find: ([PendingEvent]) throws(QueueError) -> [AppendOutcome?]
  ) throws(QueueError) -> [Result<DelayedOutcome, QueueError>] {
    let outcomes = try underLock { (log, file) throws(QueueError) in
      let keyed = events.indices.filter { events[$0].event.key != nil }
      var known: [Int: AppendOutcome] = [:]
      if !keyed.isEmpty {
        for (place, outcome) in zip(keyed, try find(keyed.map { events[$0].event })) {
          known[place] = outcome
        }
      }
      var batch = DelayedBatch(now: now)
      for (place, event) in zip(events.indices, events) {
        try batch.add(event, to: file) {
          switch known[place] {
          case .appended(let appended): .success(.isPublished(appended))
          case .refused(let error): .failure(error)
          case nil: log.queue.refusal(of: event.event).map { .failure($0) }
          }
        }
      }
      try log.append(batch.text, to: &file)
      return batch.outcomes
    }
    // Also where nothing was appended: what another process has appended may not be on disk yet.
    try synchronize()
    return outcomes
  }

  /// Has events not published; what came of it is on disk when this returns.
  public mutating func cancel(_ ids: [DelayedID]) throws(QueueError) -> [DelayedCancellation] {
    let outcomes = try underLock { (log, file) throws(QueueError) in
      var text: [UInt8] = []
      let outcomes = ids.map { id in
        guard let place = file.table.places[id] else { return DelayedCancellation.unknown }
        if place.isTaken { return .tooLate }
        DelayedEntry.append(gone: id, .cancelled, to: &text)
        return .cancelled
      }
      try log.append(text, to: &file)
      return outcomes
    }
    try synchronize()
    // Where the file stays as it is nothing is lost.
    _ = try? compactIfWorthwhile()
    return outcomes
  }

  /// How many events wait, and when the first one is due, as of the last look.
  mutating func figures() -> DelayedFigures {
    var figures = DelayedFigures(waitingCount: file?.table.count ?? 0)
    file?.forEachTurn { turn, _ in
      figures.nextDue = turn.due
      return false
    }
    return figures
  }

  /// The events that wait, in the order in which they are due.
  ///
  /// - Parameter last: those behind this one; nil from the first one on.
  public mutating func page(
    behind last: DelayedTurn?, countMaximum: Int
  ) throws(QueueError) -> DelayedPage {
    try underLock { (_, file) throws(QueueError) in
      try mapping { () throws(SystemCallError) in
        try file.page(behind: last, countMaximum: countMaximum)
      }
    }
  }

  /// An event that waits; nil where there is none of the id.
  public mutating func waiting(_ id: DelayedID) throws(QueueError) -> WaitingEvent? {
    try underLock { (_, file) throws(QueueError) in
      try mapping { () throws(SystemCallError) in try file.waiting(id) }
    }
  }

  // MARK: - Publishing

  /// An event whose time has come.
  struct Due {
    let id: DelayedID
    /// When it was due, in milliseconds since 1970.
    let due: Int64
    /// Whether it has a key of its own and was taken before, by a process that died then or whose disk
    /// failed: it may be published, longer ago than keys are known for.
    let mayBePublished: Bool
    /// Nil where its entry cannot be read any more.
    let event: PendingEvent?
  }

  /// Notes that events are being published, so that nobody cancels them any more; returns them.
  ///
  /// - Parameters:
  ///   - now: milliseconds since 1970.
  ///   - isWanted: which of those whose time has come.
  ///   - isUnpublished: which of those that were taken before are known not to be published.
  ///   - isDisplaced: which of them have a key that another event was published with.
  mutating func take(
    now: Int64, where isWanted: (DelayedID) -> Bool,
    isUnpublished: (DelayedID) -> Bool = { _ in false },
    isDisplaced: (DelayedID) -> Bool = { _ in false }
  ) throws(QueueError) -> [Due] {
    let due = try underLock { (log, file) throws(QueueError) in
      var turns: [(id: DelayedID, place: DelayedTable.Place)] = []
      var byteCount = 0
      file.forEachTurn { turn, place in
        guard turn.due <= now, turns.count < QueueLimits.delayedBatchEventCountMaximum,
          byteCount < QueueLimits.delayedBatchByteCountMaximum
        else { return false }
        guard isWanted(turn.id) else { return true }
        turns.append((turn.id, place))
        byteCount += place.entry.count
        return true
      }
      var text: [UInt8] = []
      for (id, place) in turns where !place.isTaken { DelayedEntry.append(taken: id, to: &text) }
      try log.append(text, to: &file)
      var due: [Due] = []
      for (id, place) in turns {
        let isDisplaced = isDisplaced(id)
        let mayBePublished =
          place.isTaken && place.key != nil && !isUnpublished(id) && !isDisplaced
        let event = try mapping { () throws(SystemCallError) in
          try file.read(id, place) { layout, timeToLive, bytes in
            PendingEvent(
              layout, in: bytes,
              expiresAt: timeToLive == 0 ? nil : Self.expiry(timeToLive, now: now), id: id,
              mayBePublished: mayBePublished, isDisplaced: isDisplaced)
          }
        }
        due.append(
          Due(id: id, due: place.due, mayBePublished: mayBePublished, event: event))
      }
      return due
    }
    // A key of its own is known for some time only, and for as long as need be where the event is known to
    // have been taken: also after a power cut.
    if isUnsynced, due.contains(where: { $0.event?.key?.isLasting == false }) { try synchronize() }
    return due
  }

  private static func expiry(_ timeToLive: Int64, now: Int64) -> Int64 {
    let (time, isOver) = now.addingReportingOverflow(timeToLive)
    let latest = QueueLimits.unixMilliseconds.upperBound
    return isOver ? latest : min(time, latest)
  }

  /// Notes that events wait no more; on disk by and by.
  mutating func end(
    _ endings: [(id: DelayedID, ending: DelayedEntry.Ending)]
  ) throws(QueueError) {
    try underLock { (log, file) throws(QueueError) in
      var text: [UInt8] = []
      for (id, ending) in endings where file.table.places[id] != nil {
        DelayedEntry.append(gone: id, ending, to: &text)
      }
      try log.append(text, to: &file)
    }
  }

  /// Reads what other processes have appended, if anything; looking costs a call of statx(2).
  ///
  /// - Returns: when the first of the events that `isWanted` is due, in milliseconds since 1970.
  mutating func nextDue(where isWanted: (DelayedID) -> Bool) throws(QueueError) -> Int64? {
    let status = try? FileStatus(of: queue.directory.delayedPath)
    // Where nothing ever waited no file is made.
    if status == nil, file == nil { return nil }
    if status?.identity != file?.identity || status?.byteCount != file?.end {
      try underLock { (_, _) throws(QueueError) in }
    }
    var due: Int64?
    file?.forEachTurn { turn, _ in
      if isWanted(turn.id) { due = turn.due }
      return due == nil
    }
    return due
  }

  /// Where bytes in the file are no entries; each place is told once.
  mutating func takeUntoldDamages() -> [Range<Int>] { file?.takeUntoldDamages() ?? [] }

  // MARK: - The file

  /// Makes the file anew where most of it means nothing any more, or some of it is damaged; returns whether
  /// it did.
  mutating func compactIfWorthwhile() throws(QueueError) -> Bool {
    guard let dead = file?.deadByteCount, let live = file?.table.byteCount else { return false }
    // One without events is made anew at once, but for each single one.
    let maximum =
      live == 0
      ? min(deadByteCountMaximum, QueueLimits.delayedEmptyByteCountMaximum) : deadByteCountMaximum
    guard file?.damages.isEmpty == false || dead > live && dead > maximum else { return false }
    try underLock { (log, file) throws(QueueError) in
      let path = log.queue.directory.delayedPath
      let staging = FilePath(path.string + ".new")
      // Where this fails the file stays as it is.
      do throws(SystemCallError) {
        try file.stage(at: staging, in: log.queue.directory)
        try FileSystem.rename(staging, to: path)
      } catch {
        try? FileSystem.unlink(staging)
        throw Self.told(error)
      }
      try log.synchronizeNames()
    }
    return true
  }

  /// Puts everything that was appended on disk, by whichever process.
  mutating func synchronize() throws(QueueError) {
    do throws(SystemCallError) {
      try file?.descriptor.synchronizeData()
    } catch {
      throw fail(error)
    }
    // Another process may have been told of a failure that the kernel tells only once.
    if queue.tail.hasFailed { throw .readOnly(reason: "an earlier write to the disk failed") }
    isUnsynced = false
  }

  private mutating func append(_ text: [UInt8], to file: inout DelayedFile) throws(QueueError) {
    if text.isEmpty { return }
    // What a dead process has left is ended as a line, so that the next line is an entry's.
    let text = file.endsWithEntry ? text : [UInt8(ascii: "\n")] + text
    let end = file.end
    do throws(SystemCallError) {
      try file.descriptor.writeAll(text.span, at: end)
    } catch {
      try? file.descriptor.truncate(to: end)
      throw error.isNoSpace ? .full(error) : fail(error)
    }
    isUnsynced = true
    try mapping { () throws(SystemCallError) in try file.readOn() }
  }

  // MARK: - Under the lock

  /// Takes the lock and reads what others have appended.
  private mutating func underLock<Result>(
    _ body: (inout DelayedLog, inout DelayedFile) throws(QueueError) -> Result
  ) throws(QueueError) -> Result {
    if queue.tail.hasFailed { throw .readOnly(reason: "an earlier write to the disk failed") }
    try lock.hold(at: queue.directory.delayedLockPath)
    let result: Result
    do {
      try queue.refuseElsewhere(lock: lockFile, at: queue.directory.delayedLockPath)
      result = try withFile(body)
    } catch {
      try? lock.unlock()
      throw error
    }
    try mapping { () throws(SystemCallError) in try lock.unlock() }
    return result
  }

  private mutating func withFile<Result>(
    _ body: (inout DelayedLog, inout DelayedFile) throws(QueueError) -> Result
  ) throws(QueueError) -> Result {
    var file = try openFile()
    do throws(QueueError) {
      try mapping { () throws(SystemCallError) in try file.readOn() }
      // On a full disk it stays where it is.
      try? file.cutTorn(in: queue.directory)
      let result = try body(&self, &file)
      self.file = consume file
      return result
    } catch {
      self.file = consume file
      throw error
    }
  }

  /// The file that has the name; made where there was none.
  private mutating func openFile() throws(QueueError) -> DelayedFile {
    let path = queue.directory.delayedPath
    let identity = try queue.directory.identity(of: path)
    if let file = self.file.take() {
      if file.identity == identity, (try? file.hasItsLength()) == true { return file }
      // Events that waited went with it.
      guard identity != nil else {
        self.file = consume file
        throw .deleted(path: path.string)
      }
    }
    if identity == nil {
      let header = DelayedEntry.header
      do throws(SystemCallError) {
        try queue.directory.replace(path, with: header.span)
      } catch {
        throw error.call == "fsync" ? fail(error) : Self.told(error)
      }
    }
    let descriptor = try mapping { () throws(SystemCallError) in
      try Descriptor.open(path, .readWrite)
    }
    return try DelayedFile(descriptor, path: path)
  }

  /// Names that could not be put on disk once are not there by a second try that succeeds.
  private func synchronizeNames() throws(QueueError) {
    do throws(SystemCallError) {
      try queue.directory.synchronize()
    } catch {
      throw fail(error)
    }
  }

  private static func told(_ error: SystemCallError) -> QueueError {
    error.isNoSpace ? .full(error) : .system(error)
  }

  /// After a failed write or sync the kernel forgets what it could not write: nobody writes to the queue any
  /// more until recovery has read it anew.
  private func fail(_ error: SystemCallError) -> QueueError {
    queue.tail.recordFailure()
    return .readOnly(reason: "\(error)")
  }
}
