import Kernel

/// Finding the events of a time.
extension QueueReader {
  /// Where the events begin that were published at a time or later.
  public enum TimePlace: Hashable, Sendable {
    /// None is there yet: with what comes behind the durable end, which is this sequence.
    case end(UInt64)
    /// With this event; one or the other before it may be there for good measure.
    case event(UInt64)
    /// With the oldest event that is there, or before; some may have been removed by retention.
    case removed
  }

  /// Looks for the first event that was published at a time or later: a few records are read, whatever the
  /// length of the history, and fewest where the time is a moment ago.
  ///
  /// No event of the time is left out as long as the clock was not set back behind it; where it was set ahead
  /// and back, earlier events may be found.
  ///
  /// - Parameter unixMilliseconds: milliseconds since 1970.
  public mutating func place(since unixMilliseconds: Int64) throws(QueueError) -> TimePlace {
    let end = queue.durableNext
    let segments = try queue.directory.segments().filter { $0.first < end }
    if let newest = try newestTime(end: end), newest < unixMilliseconds { return .end(end) }
    let later = try firstPlace(in: 0..<UInt64(segments.count)) {
      (reader, place) throws(QueueError) in
      let segment = segments[Int(place)]
      return try reader.isPublished(segment.first, in: segment, since: unixMilliseconds)
    }
    guard later > 0 else {
      let oldest = segments.first?.first ?? end
      return oldest > 1 ? .removed : oldest < end ? .event(oldest) : .end(end)
    }
    let segment = segments[Int(later) - 1]
    let next = later < segments.count ? segments[Int(later)].first : end
    let first = try firstPlace(in: (segment.first + 1)..<next) {
      (reader, sequence) throws(QueueError) in
      try reader.isPublished(sequence, in: segment, since: unixMilliseconds)
    }
    return first < end ? .event(first) : .end(end)
  }

  /// A time at which, or before which, everything was published that is on disk or was removed; nil where that
  /// is not known.
  private func newestTime(end: UInt64) throws(QueueError) -> Int64? {
    guard let tail = queue.tail.observedEnd() else { return nil }
    if tail.offset > 0 || end == 1 { return tail.unixMilliseconds }
    // Retention may have removed all, or damage the last: the segment in which the next event will stand
    // was begun after them.
    let directory = queue.directory
    return try mapping { () throws(SystemCallError) in
      let text = try Descriptor.open(directory.textPath(tail.segment), .readOnly)
      return min(
        try text.status().modifiedUnixMilliseconds, QueueLimits.unixMilliseconds.upperBound) + 1000
    }
  }

  /// The first number from which on something holds, or the range's end; looked for from the end on, in steps that
  /// double.
  private mutating func firstPlace(
    in range: Range<UInt64>,
    _ holds: (inout QueueReader, UInt64) throws(QueueError) -> Bool
  ) throws(QueueError) -> UInt64 {
    var low = range.lowerBound
    var high = range.upperBound
    var step: UInt64 = 1
    while low < high {
      let probe = high - min(step, high - low)
      guard try holds(&self, probe) else {
        low = probe + 1
        break
      }
      high = probe
      step *= 2
    }
    while low < high {
      let middle = low + (high - low) / 2
      if try holds(&self, middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Whether an event, or the next one that is whole, was published at a time or later; true where there is
  /// none.
  private mutating func isPublished(
    _ sequence: UInt64, in segment: SegmentName, since unixMilliseconds: Int64
  ) throws(QueueError) -> Bool {
    if let file = try openIfThere(segment),
      let layout = try mapping({ () throws(SystemCallError) -> RecordLayout? in
        guard let entry = try file.entries(from: sequence, of: segment, count: 1).first else {
          return nil
        }
        return try loadRecord(sequence, at: entry, file)
      })
    {
      return layout.unixMilliseconds >= unixMilliseconds
    }
    var cursor = try self.cursor(at: sequence)
    var time: Int64?
    while time == nil {
      let outcome = try read(from: &cursor, byteCountMaximum: 1) { record, _ in
        time = time ?? record.unixMilliseconds
      }
      if case .caughtUp = outcome { break }
    }
    return time.map { $0 >= unixMilliseconds } ?? true
  }
}
