/// What a check found about one segment, or about the whole queue.
public enum QueueFinding: CustomStringConvertible, Sendable {
  /// A segment and what is in it.
  case segment(String, eventCount: Int, first: UInt64, next: UInt64, byteCount: Int)
  /// Bytes in a segment that are no event.
  case damage(String, offset: Int, byteCount: Int, missing: Range<UInt64>, reason: String)
  /// Bytes at the end of the last segment that are not an event yet, or never were.
  case tornTail(String, offset: Int, byteCount: Int, reason: String)
  /// Index entries that do not say what the text says.
  case wrongIndex(String, entryCount: Int, firstSequence: UInt64)
  /// A topics file that does not say what the text says.
  case wrongTopics(String)
  /// A keys file that does not say what the text says.
  case wrongKeys(String)
  /// Sequences between two segments that are in none.
  case missingSegment(Range<UInt64>)
  /// Events at the begin of the queue that are gone, and that retention has not removed.
  case missingBegin(Range<UInt64>)
  /// Events at the end of the queue that were acknowledged and are not there.
  case missingEnd(Range<UInt64>)
  /// A segment that begins before the one in front of it ends.
  case overlap(String, before: UInt64)
  /// Events whose damaged bytes are in quarantine.
  case knownLoss(Range<UInt64>)
  /// Events that wait for their time.
  case delayed(eventCount: Int, byteCount: Int)
  /// Bytes among them that are no event.
  case delayedDamage(offset: Int, byteCount: Int)
  /// Bytes behind the last of them that are none yet, or never were.
  case delayedTornTail(offset: Int, byteCount: Int)
  /// A file of a group in which no state is whole.
  case damagedGroup(String)
  /// A file that is kept for people.
  case quarantined(String)
  /// All of it; `next` is the sequence behind the newest event.
  case total(
    epochs: Epochs, segmentCount: Int, eventCount: Int, byteCount: Int, oldest: UInt64, next: UInt64
  )

  /// Whether events are lost or a derived file is wrong; a torn tail is mended when the queue is
  /// opened next.
  public var isDamage: Bool {
    switch self {
    case .segment, .total, .tornTail, .delayed, .delayedTornTail, .knownLoss, .quarantined: false
    case .damage, .damagedGroup, .delayedDamage, .wrongIndex, .wrongTopics, .wrongKeys,
      .missingSegment,
      .missingBegin, .missingEnd, .overlap:
      true
    }
  }

  /// A line for people.
  public var description: String {
    switch self {
    case .segment(let name, let count, let first, let next, let bytes):
      count == 0
        ? "\(name): no events yet"
        : "\(name): \(count) events, \(first) to \(next - 1), \(bytes) bytes"
    case .damage(let name, let offset, let bytes, let missing, let reason):
      "\(name): DAMAGED at offset \(offset) (\(reason)): \(bytes) bytes"
        + (missing.isEmpty ? "" : ", \(Self.events(missing)) lost")
    case .tornTail(let name, let offset, let bytes, let reason):
      "\(name): \(bytes) bytes behind the last event, at offset \(offset) (\(reason)): an append "
        + "under way, or a torn one that the next start cuts off"
    case .wrongIndex(let name, let count, let sequence):
      "\(name): \(count) entries are WRONG, the first is that of event \(sequence)"
    case .wrongTopics(let name), .wrongKeys(let name):
      "\(name): WRONG, it does not say what the text says"
    case .missingSegment(let range):
      "\(Self.events(range)) MISSING: no segment has them"
    case .missingBegin(let range):
      "\(Self.events(range)) MISSING at the begin: their segments are not there, and retention has not "
        + "removed them"
    case .missingEnd(let range):
      "\(Self.events(range)) MISSING at the end: acknowledged, as the page `tail` remembers, and not there"
    case .overlap(let name, let next):
      "\(name): begins before event \(next - 1), the last one of the segment in front of it"
    case .knownLoss(let range):
      "\(Self.events(range)) lost earlier; what was left of them is in quarantine"
    case .delayed(let count, let bytes):
      "\(QueueDirectory.delayedName): \(count) event\(count == 1 ? "" : "s") wait for their time, "
        + "\(bytes) bytes"
    case .delayedDamage(let offset, let bytes):
      "\(QueueDirectory.delayedName): DAMAGED at offset \(offset): \(bytes) bytes are no event"
    case .delayedTornTail(let offset, let bytes):
      "\(QueueDirectory.delayedName): \(bytes) bytes behind the last event, at offset \(offset): one that "
        + "is being taken in, or a torn one that is cut off next"
    case .damagedGroup(let name):
      "\(name): DAMAGED: where the group stands is lost"
    case .quarantined(let name):
      "\(name): kept for you; weir does not need it"
    case .total(let epochs, let segments, let events, let bytes, let oldest, let next):
      "queue \(HexadecimalDigits(epochs.current)): "
        + "\(segments) segments, \(events) events, \(bytes) bytes"
        + (events == 0
          ? ""
          : ", oldest \(epochs.id(of: oldest)), newest "
            + "\(epochs.id(of: next - 1))")
    }
  }

  private static func events(_ range: Range<UInt64>) -> String {
    range.count == 1
      ? "event \(range.lowerBound) is"
      : "events \(range.lowerBound) to \(range.upperBound - 1) are"
  }
}
