/// The events of a batch that are to be appended, less those that their keys show to be there already.
struct AdmittedBatch {
  private enum Verdict {
    /// It is appended, as the event of this place among ``events``.
    case admitted(Int)
    /// It is the same event as the one of this place.
    case repeats(Int)
    case settled(AppendOutcome)
  }

  /// What is to be appended.
  private(set) var events: [PendingEvent] = []
  /// One for each event of the batch; empty where all are admitted.
  private var verdicts: [Verdict] = []

  /// Everything.
  init(all events: [PendingEvent]) {
    self.events = events
  }

  /// Everything without a key, because keys cannot be looked up.
  init(_ batch: [PendingEvent], refusingKeys error: QueueError) {
    for event in batch {
      if event.key == nil {
        verdicts.append(.admitted(events.count))
        events.append(event)
      } else {
        verdicts.append(.settled(.refused(error)))
      }
    }
  }

  /// An event that is refused takes no key.
  ///
  /// - Parameters:
  ///   - known: all keys up to the appended end.
  ///   - topics: which have ended, before the batch.
  ///   - next: the sequence of the first event.
  init(
    _ batch: [PendingEvent], known: inout KnownKeys, topics: TopicStateWriter, next: UInt64
  ) throws(QueueError) {
    verdicts.reserveCapacity(batch.count)
    events.reserveCapacity(batch.count)
    var topics = topics
    var places: [[UInt8]: Int] = [:]
    for event in batch {
      if let key = event.key {
        if let place = places[key.encoded] {
          verdicts.append(
            events[place].contentHash == event.contentHash
              ? .repeats(place) : .settled(.refused(.keyReused(key: key.text))))
          continue
        }
        switch try known.use(of: key, content: event.contentHash, next: next) {
        case .fresh: break
        case .same(let sequence, let time):
          verdicts.append(
            .settled(
              .appended(Appended(sequence: sequence, unixMilliseconds: time, isReplayed: true))))
          continue
        case .other:
          verdicts.append(.settled(.refused(.keyReused(key: key.text))))
          continue
        }
      }
      if let refusal = topics.refusal(of: event) {
        verdicts.append(.settled(.refused(refusal)))
        continue
      }
      topics.note(event, endsAt: next + UInt64(events.count))
      if let key = event.key { places[key.encoded] = events.count }
      verdicts.append(.admitted(events.count))
      events.append(event)
    }
  }

  /// What became of the batch's events.
  ///
  /// - Parameter appended: what became of ``events``.
  func outcomes(_ appended: [AppendOutcome]) -> [AppendOutcome] {
    if verdicts.isEmpty { return appended }
    return verdicts.map { verdict in
      switch verdict {
      case .admitted(let place): return appended[place]
      case .settled(let outcome): return outcome
      case .repeats(let place):
        guard case .appended(let first) = appended[place] else { return appended[place] }
        return .appended(
          Appended(
            sequence: first.sequence, unixMilliseconds: first.unixMilliseconds, isReplayed: true))
      }
    }
  }

  /// What the keys file is to say of ``events``, and of how many.
  func keyEntries(_ appended: [AppendOutcome]) -> (bytes: [UInt8], count: Int) {
    var entries: (bytes: [UInt8], count: Int) = ([], 0)
    for (event, outcome) in zip(events, appended) {
      guard let key = event.key, case .appended(let appended) = outcome else { continue }
      KeyEntry(
        sequence: appended.sequence, unixMilliseconds: appended.unixMilliseconds,
        content: event.contentHash, keyByteCount: key.encoded.count
      ).append(key: key.encoded, to: &entries.bytes)
      entries.count += 1
    }
    return entries
  }
}
