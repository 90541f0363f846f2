import FileQueue
import Support

/// What a reader was given: events and gaps, in their order.
struct Reading: Hashable, Sendable {
  /// An event to the last byte, so that a wrong one can't pass for a right one.
  struct Event: Hashable, Sendable, CustomStringConvertible {
    let sequence: UInt64
    let topic: String
    let body: String

    var description: String { "\(sequence)" }
  }

  var events: [Event] = []
  var gaps: [Range<UInt64>] = []
  /// The durable end at the time.
  var next: UInt64 = 0

  /// The sequences that gaps tell of, and those at the end, up to `next`, that are no longer there.
  func missing(upTo next: UInt64) -> Set<UInt64> {
    var told = Set(gaps.joined())
    if self.next < next { told.formUnion(self.next..<next) }
    return told
  }

  /// Reads all from `sequence` on.
  ///
  /// - Parameter byteCountMaximum: of one read.
  /// - Throws: `Disorder`, where what comes is not in order, or does not end.
  init(_ queue: Queue, from sequence: UInt64 = 1, byteCountMaximum: Int = 1000) throws {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: sequence)
    try self.init(queue, &reader, &cursor, byteCountMaximum: byteCountMaximum)
  }

  /// Reads all from `cursor` on.
  init(
    _ queue: Queue, _ reader: inout QueueReader, _ cursor: inout Cursor,
    upTo limit: UInt64 = .max, byteCountMaximum: Int = 1000
  ) throws {
    next = queue.durableNext
    var place = cursor.sequence
    for _ in 0..<10_000 {
      var disorder: UInt64?
      let outcome = try reader.read(
        from: &cursor, upTo: limit, byteCountMaximum: byteCountMaximum
      ) { record, bytes in
        if record.sequence != place { disorder = record.sequence }
        place = record.sequence + 1
        events.append(
          Event(
            sequence: record.sequence, topic: Self.text(bytes, record.topic),
            body: Self.text(bytes, record.body)))
      }
      if let disorder { throw Disorder(what: "event \(disorder) stands in the wrong place") }
      switch outcome {
      case .caughtUp: return
      case .more: break
      case .gap(let gap):
        guard gap.missing.lowerBound == place, !gap.missing.isEmpty else {
          throw Disorder(what: "a gap \(gap.missing) at \(place)")
        }
        gaps.append(gap.missing)
        place = gap.missing.upperBound
      }
    }
    throw Disorder(what: "reading does not end")
  }

  /// What a reader must never do.
  struct Disorder: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
  }

  private static func text(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    String(decoding: range.map { bytes[$0] }, as: UTF8.self)
  }
}
