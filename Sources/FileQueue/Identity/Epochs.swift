import Kernel

/// The epochs that a queue has had, each with the first sequence that was given in it.
///
/// A queue that goes on somewhere else begins a new one behind its last event, so that no id ever names
/// two events. An epoch begins with a segment, so all events of a segment are of one.
public struct Epochs: Hashable, Sendable {
  /// One epoch.
  struct Entry: Hashable, Sendable {
    let epoch: UInt32
    /// The first sequence that was, or will be, given in it.
    let first: UInt64
  }

  /// Oldest first; never empty.
  let entries: [Entry]

  /// A list of one epoch, which begins with the first event.
  init(_ epoch: UInt32) {
    entries = [Entry(epoch: epoch, first: 1)]
  }

  /// Nil unless each epoch begins where the one before ends or behind it, and the first with event 1.
  init?(_ entries: [Entry]) {
    guard entries.first?.first == 1, Set(entries.map(\.epoch)).count == entries.count,
      zip(entries, entries.dropFirst()).allSatisfy({ $0.first <= $1.first }),
      entries.allSatisfy({ $0.first <= QueueLimits.sequenceMaximum })
    else { return nil }
    self.entries = entries
  }

  /// The epoch of events that are published now.
  public var current: UInt32 { entries[entries.count - 1].epoch }

  /// The same as it stands in ids: eight hexadecimal digits.
  public var currentDigits: String { "\(HexadecimalDigits(current))" }

  /// The epoch of an event; that of the first one for sequence 0.
  public func epoch(of sequence: UInt64) -> UInt32 {
    (entries.last { $0.first <= sequence } ?? entries[0]).epoch
  }

  /// The id of an event.
  public func id(of sequence: UInt64) -> EventID {
    EventID(epoch: epoch(of: sequence), sequence: sequence)
  }

  /// The epoch of the events in a segment.
  func epoch(of segment: SegmentName) -> UInt32 { epoch(of: segment.first) }

  /// The sequence behind the last one that was given in an epoch; nil for the current one.
  func end(of entry: Entry) -> UInt64? {
    guard let place = entries.firstIndex(of: entry), place + 1 < entries.count else { return nil }
    return entries[place + 1].first
  }

  /// A number that no epoch of the queue has had.
  func unused() throws(SystemCallError) -> UInt32 {
    var epoch = try UInt32.fromKernel()
    while entries.contains(where: { $0.epoch == epoch }) { epoch = try UInt32.fromKernel() }
    return epoch
  }

  /// The list with one more epoch, which begins with `first`.
  ///
  /// Of more than ``QueueLimits/epochCountMaximum`` those go that gave no number to an event, the oldest
  /// first: an id of theirs is unknown then.
  func beginning(_ epoch: UInt32, at first: UInt64) -> Epochs {
    var entries = entries
    entries.append(Entry(epoch: epoch, first: first))
    while entries.count > QueueLimits.epochCountMaximum,
      let place = entries.indices.dropLast().first(where: {
        entries[$0].first == entries[$0 + 1].first
      })
    {
      entries.remove(at: place)
    }
    return Epochs(trusted: entries)
  }

  private init(trusted entries: [Entry]) {
    self.entries = entries
  }
}

/// What an id that somebody has seen means to a queue.
public enum IDPlace: Hashable, Sendable {
  /// It names an event of the queue, or the place before the first one.
  case known
  /// Its epoch ended before it: the event it names is lost with the folder that it was in, and what
  /// followed here begins with this sequence.
  case lost(next: UInt64)
  /// It lies behind the end of the queue.
  case ahead
  /// Its epoch is none of the queue's.
  case unknown
}

extension Epochs {
  /// What `id` means to a queue whose last event on disk is the one before `next`.
  func place(of id: EventID, next: UInt64) -> IDPlace {
    guard let entry = entries.last(where: { $0.epoch == id.epoch }) else { return .unknown }
    // The id before its first event is told at an epoch's begin. An id may have any number.
    guard id.sequence >= entry.first - 1 else { return .unknown }
    if let end = end(of: entry), id.sequence >= end { return .lost(next: end) }
    return id.sequence < next ? .known : .ahead
  }
}
