import Kernel

/// How an appender goes from one segment, and one epoch, to the next; under the lock.
extension Appender {
  /// Begins a new segment, unless the last one is empty, so that retention can remove what is there.
  mutating func seal() throws(QueueError) {
    try underLock { (appender) throws(QueueError) in
      var end = appender.queue.tail.appendedEnd
      let segment = try appender.openSegment(end)
      if end.offset > 0 { try appender.roll(from: segment, &end) }
    }
  }

  /// Begins the epoch that the page names, if it names one.
  mutating func beginEpoch() throws(QueueError) {
    try underLock { (appender) throws(QueueError) in
      guard appender.queue.tail.pendingEpoch != nil else { return }
      var end = appender.queue.tail.appendedEnd
      _ = try appender.beginEpoch(try appender.openSegment(end), &end)
    }
  }

  /// The segment that the tail names, without what a dead appender may have left behind its end.
  mutating func openSegment(_ end: Tail.AppendedEnd) throws(QueueError) -> OpenSegment {
    try forgetBeginning(end)
    let segment = try self.segment(end.segment)
    let status = try mapping { () throws(SystemCallError) in try segment.text.status() }
    guard status.linkCount > 0 else {
      throw .deleted(path: queue.directory.textPath(end.segment).string)
    }
    guard status.byteCount >= end.offset else {
      throw .damaged(
        segment: end.segment.textFile, offset: status.byteCount,
        reason: "it was cut while it was in use; it should reach \(end.offset)")
    }
    if status.byteCount > end.offset {
      let directory = queue.directory
      try mapping { () throws(SystemCallError) in
        // First, because what is left of the text is what tells that there may be some.
        try KeyFile.cut(segment.name, upTo: end.next, in: directory)
        try segment.text.truncate(to: end.offset)
      }
    }
    return segment
  }

  private mutating func segment(_ name: SegmentName) throws(QueueError) -> OpenSegment {
    if let segment, segment.name == name { return segment }
    let directory = queue.directory
    let opened = try mapping { () throws(SystemCallError) in
      try OpenSegment(name, in: directory, creating: false)
    }
    segment = opened
    return opened
  }

  /// Removes the segment that an appender had begun when it died.
  private func forgetBeginning(_ end: Tail.AppendedEnd) throws(QueueError) {
    guard let begun = queue.tail.beginning else { return }
    if begun != end.segment {
      try mapping { () throws(SystemCallError) in try queue.directory.remove(begun) }
    }
    queue.tail.beginning = nil
  }

  /// Seals the segment and begins the next one: the old one is on disk, and so is the new one's
  /// name, before anything refers to it.
  @discardableResult
  mutating func roll(
    from segment: OpenSegment, _ end: inout Tail.AppendedEnd
  ) throws(QueueError) -> OpenSegment {
    do {
      try segment.text.synchronizeData()
      // It could be made anew, but who opens the queue after a power cut would have to do it.
      try segment.index.synchronizeData()
      try topics.seal(at: end)
    } catch {
      throw fail(error)
    }
    do {
      try KeyFile.seal(
        segment.name, next: end.next, in: queue.directory, epochs: queue.epochs)
    } catch {
      if error.call == "fdatasync" { throw fail(error) }
      if error.isNoSpace { throw .full(error) }
      throw error.call == "pwrite" ? fail(error) : .system(error)
    }
    let name = SegmentName(first: end.next)
    let fresh: OpenSegment
    queue.tail.beginning = name
    do {
      fresh = try OpenSegment(name, in: queue.directory, creating: true)
    } catch {
      // A name that could not be put on disk once is not there by a second try that succeeds.
      if error.call == "fsync" { throw fail(error) }
      throw error.isNoSpace ? .full(error) : .system(error)
    }
    end.segment = name
    end.offset = 0
    queue.tail.setAppendedEnd(end)
    queue.tail.beginning = nil
    queue.tail.raiseDurableEnd(to: end.next, isSynced: true)
    self.segment = fresh
    return fresh
  }

  /// Begins the epoch that the page names: with a segment of its own, and on disk before any event of it.
  mutating func beginEpoch(
    _ segment: OpenSegment, _ end: inout Tail.AppendedEnd
  ) throws(QueueError) -> OpenSegment {
    let fresh =
      end.offset > 0 || segment.name.first != end.next ? try roll(from: segment, &end) : segment
    do {
      try queue.directory.write(queue.epochs)
    } catch {
      if error.call == "fsync" { throw fail(error) }
      throw error.isNoSpace ? .full(error) : .system(error)
    }
    queue.tail.settlePendingEpoch()
    return fresh
  }
}
