import Kernel

/// Reading one event, wherever it is.
extension QueueReader {
  /// Hands out an event, if it is there and whole.
  ///
  /// Two reads of the file where the segment is open already.
  package mutating func read(
    event sequence: UInt64, _ visit: (RecordLayout, Span<UInt8>) -> Void
  ) throws(QueueError) {
    guard sequence < queue.durableNext else { return }
    if let segment = files.keys.filter({ $0.first <= sequence }).max(),
      let file = try openIfThere(segment),
      let layout = try mapping({ () throws(SystemCallError) -> RecordLayout? in
        guard let entry = try file.entries(from: sequence, of: segment, count: 1).first else {
          return nil
        }
        return try loadRecord(sequence, at: entry, file)
      })
    {
      return visit(layout, chunk.span)
    }
    var cursor = try self.cursor(at: sequence)
    guard cursor.sequence == sequence else { return }
    _ = try read(from: &cursor, upTo: sequence + 1, byteCountMaximum: 1, visit)
  }

  /// Closes all files that were opened for reading.
  package mutating func closeSegments() { files = [:] }
}
