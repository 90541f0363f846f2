import Kernel

/// Events that are taken in together: for each whether it may be, and the entries to append.
struct DelayedBatch {
  private(set) var text: [UInt8] = []
  private(set) var outcomes: [Result<DelayedOutcome, QueueError>] = []
  private let now: Int64
  /// The keys of events of this batch, which the table does not know yet.
  private var fresh: [[UInt8]: (receipt: DelayedReceipt, content: [UInt8])] = [:]
  private var lastID: DelayedID?
  private var count = 0
  private var byteCount = 0

  /// - Parameter now: milliseconds since 1970.
  init(now: Int64) { self.now = now }

  /// Takes an event in, unless one waits that has its key, or it is known by that, or too many wait.
  ///
  /// - Parameter known: what is said of the event where none with its key waits; nil where it may be taken in.
  /// - Throws: what is the matter with the whole batch.
  mutating func add(
    _ delayed: DelayedEvent, to file: borrowing DelayedFile,
    otherwise known: () -> Result<DelayedOutcome, QueueError>?
  ) throws(QueueError) {
    if let outcome = try waiting(delayed.event, in: file) ?? known() {
      return outcomes.append(outcome)
    }
    guard file.table.count + count < QueueLimits.delayedEventCountMaximum,
      file.table.byteCount + byteCount + delayed.event.byteCount
        <= QueueLimits.delayedByteCountMaximum
    else {
      let refusal = QueueError.tooManyDelayed(
        count: file.table.count + count, byteCount: file.table.byteCount + byteCount)
      return outcomes.append(.failure(refusal))
    }
    let id = try nextID(in: file)
    let receipt = DelayedReceipt(id: id, due: delayed.delay.due(now: now), isReplayed: false)
    let start = text.count
    DelayedEntry.append(
      id, due: receipt.due, timeToLive: delayed.timeToLive?.wholeMilliseconds ?? 0, delayed.event,
      to: &text)
    count += 1
    byteCount += text.count - start
    if let key = delayed.event.key { fresh[key.encoded] = (receipt, delayed.event.content) }
    outcomes.append(.success(.waits(receipt)))
  }

  private mutating func nextID(in file: borrowing DelayedFile) throws(QueueError) -> DelayedID {
    var id: DelayedID
    if let lastID {
      id = lastID.next
    } else {
      do { id = try DelayedID.fresh(now: now) } catch { throw .system(error) }
      // By a clock that was set back an id might be drawn that an event had, which is in the queue by it.
      if let highest = file.table.highestID, id <= highest { id = highest.next }
    }
    while file.table.places[id] != nil { id = id.next }
    lastID = id
    return id
  }

  /// What is answered where the event's key is that of one that waits; nil where it is not.
  private func waiting(
    _ event: PendingEvent, in file: borrowing DelayedFile
  ) throws(QueueError) -> Result<DelayedOutcome, QueueError>? {
    guard let key = event.key else { return nil }
    let first: DelayedReceipt
    let content: [UInt8]?
    if let known = fresh[key.encoded] {
      (first, content) = known
    } else if let id = file.table.id(ofKey: key.encoded), let place = file.table.places[id] {
      first = DelayedReceipt(id: id, due: place.due, isReplayed: true)
      content = try mapping { () throws(SystemCallError) in
        try file.read(id, place) { layout, _, bytes in
          (layout.topic.lowerBound..<(layout.body.upperBound - 1)).map { bytes[$0] }
        }
      }
    } else {
      return nil
    }
    guard content == event.content else { return .failure(.keyReused(key: key.text)) }
    return .success(.waits(DelayedReceipt(id: first.id, due: first.due, isReplayed: true)))
  }
}
