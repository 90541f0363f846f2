import EventStream
import FileQueue

/// What a reader got out of a queue.
struct EventLog {
  /// An event as it was read.
  struct Entry: Hashable {
    let sequence: UInt64
    let data: String
  }

  /// The events, in the order of reading.
  var entries: [Entry] = []
  /// The gaps between them.
  var gaps: [QueueGap] = []
  /// The sequences of those that are hidden.
  var hidden: [UInt64] = []
  /// The topics of those that end some, with the events' sequences.
  var ends: [(topic: Topic, sequence: UInt64)] = []

  /// Reads on from `cursor` to the durable end, or to `limit`.
  mutating func read(
    _ reader: inout QueueReader, of queue: Queue, from cursor: inout Cursor,
    upTo limit: UInt64 = .max
  ) throws {
    while true {
      var read: [Entry] = []
      var hidden: [UInt64] = []
      var ends: [(topic: Topic, sequence: UInt64)] = []
      let outcome = try reader.read(from: &cursor, upTo: limit, byteCountMaximum: 1000) {
        record, bytes in
        let body = bytes.extracting(record.body)
        read.append(Entry(sequence: record.sequence, data: Self.data(body)))
        if queue.hides(record, bytes) { hidden.append(record.sequence) }
        guard record.isEnd(in: bytes) else { return }
        record.forEachTopic(in: bytes) { topic in
          if let topic = Topic(encoded: topic) { ends.append((topic, record.sequence)) }
        }
      }
      entries += read
      self.hidden += hidden
      self.ends += ends
      switch outcome {
      case .caughtUp: return
      case .more: break
      case .gap(let gap): gaps.append(gap)
      }
    }
  }

  private static func data(_ body: Span<UInt8>) -> String {
    var parser = EventStreamParser()
    var data: [String] = []
    do {
      try parser.feed(body) { data.append($0.data) }
    } catch {
      return "\(error)"
    }
    return data.count == 1 ? data[0] : "\(data.count) events in one record"
  }
}
