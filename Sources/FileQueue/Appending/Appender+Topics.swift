import Kernel
import SystemPackage

/// How topics end and are deleted.
extension Appender {
  /// Hides the events that topics have up to now from who comes later, and their ends; on disk when it returns.
  ///
  /// - Returns: the sequence before which their events are hidden.
  /// - Throws: what an append throws.
  public mutating func delete(_ topics: [Topic]) throws(QueueError) -> UInt64 {
    let next = try underLock { (appender) throws(QueueError) in
      let end = appender.queue.tail.appendedEnd
      _ = try appender.openSegment(end)
      try appender.catchUpWithTopics(end)
      do throws(QueueError) {
        try appender.topics.hide(topics, before: end.next)
      } catch {
        throw appender.failing(error)
      }
      return end.next
    }
    do throws(SystemCallError) {
      try queue.topicStates.log?.file.synchronizeData()
    } catch {
      throw fail(error)
    }
    return next
  }

  /// Under the lock: takes in what others have noted of topics.
  mutating func catchUpWithTopics(_ end: Tail.AppendedEnd) throws(QueueError) {
    do throws(QueueError) { try topics.catchUp(to: end) } catch { throw failing(error) }
  }

  /// Under the lock: writes which topics the batch ends.
  mutating func writeTopics() throws(QueueError) {
    do throws(QueueError) { try topics.write() } catch { throw failing(error) }
  }

  /// Stops all appending where a write or a sync has failed.
  private func failing(_ error: QueueError) -> QueueError {
    if case .system(let call) = error, call.isOfBrokenDisk { return fail(call) }
    return error
  }

  // MARK: - Making the log anew

  /// Makes the file `topics` anew where most of it is of no use any more.
  ///
  /// - Parameters:
  ///   - oldest: the first event that is kept.
  ///   - isWorthIt: told how many lines there are and how many are needed, and how many ended topics would
  ///     be forgotten; says whether to do it.
  mutating func tidyTopics(
    oldest: UInt64, endedCountMaximum: Int = QueueLimits.endedTopicCountMaximum,
    if isWorthIt: (_ needed: Int, _ forgotten: Int) -> Bool
  ) throws(QueueError) {
    let states = queue.topicStates
    // Before the states: what is noted meanwhile may stand in them, but is not counted on.
    let seen = queue.tail.topicsSeen
    try states.follow(queue.tail)
    let (table, log, byteCount) = states.contents
    guard let log, log.generation < TopicLog.generationMaximum else { return }
    let (kept, forgottenCount) = table.kept(oldest: oldest, endedCountMaximum: endedCountMaximum)
    guard isWorthIt(kept.count, forgottenCount) else { return }
    let generation = TopicLog.generation(after: log.generation)
    let bytes = TopicLog.content(kept, generation: generation, seen: seen)
    let directory = queue.directory
    let staging = FilePath(directory.topicLogPath.string + ".new")
    do throws(SystemCallError) {
      // Most of it outside the lock, for which publishers wait.
      let file = try directory.open(staging, .createIfMissing)
      try file.truncate(to: 0)
      try file.writeAll(bytes.span, at: 0)
      try file.synchronizeData()
    } catch {
      throw error.asQueueError
    }
    try underLock { (appender) throws(QueueError) in
      let place = TopicLogPlace(cell: appender.queue.tail.topicLogCell)
      guard let place, place.generation == log.generation else { return }
      let isNamed = try mapping { () throws(SystemCallError) in
        try log.file.status().linkCount > 0
      }
      guard isNamed else {
        do throws(QueueError) { return try appender.topics.goOnWithNewer() } catch {
          throw appender.failing(error)
        }
      }
      do throws(SystemCallError) {
        var rest = [UInt8](repeating: 0, count: place.byteCount - byteCount)
        var span = rest.mutableSpan
        _ = try log.file.read(at: byteCount, into: &span)
        let file = try directory.open(staging, .readWrite)
        try file.writeAll(rest.span, at: bytes.count)
        try file.synchronize()
        let fresh = TopicLogFile(file, generation: generation)
        try FileSystem.rename(staging, to: directory.topicLogPath)
        // From here on nothing fails before the page names it.
        states.replace(fresh, kept, byteCount: bytes.count, lineCount: kept.count)
        let cell = TopicLogPlace(generation: generation, byteCount: bytes.count + rest.count).cell
        appender.queue.tail.setTopics(logCell: cell)
        states.look(appender.queue.tail)
        try directory.synchronize()
      } catch {
        throw appender.failing(error.asQueueError)
      }
    }
  }
}
