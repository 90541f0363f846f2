import Kernel

/// Events that are taken in together: for each whether it may be, and the entries to append.
struct DelayedBatch {
  private(set) var text: [UInt8] = []
  private(set) var receipts: [Result<DelayedReceipt, QueueError>] = []
  private let now: Int64
  /// The keys of events of this batch, which the table does not know yet.
  private var fresh: [[UInt8]: (receipt: DelayedReceipt, content: [UInt8])] = [:]
  private var lastID: DelayedID?
  private var count = 0
  private var byteCount = 0

  /// - Parameter now: milliseconds since 1970.
  init(now: Int64) { self.now = now }

  /// Takes an event in, unless one waits that has its key, or too many do.
  ///
  /// - Throws: what is the matter with the whole batch.
  mutating func add(_ delayed: DelayedEvent, to file: borrowing DelayedFile) throws(QueueError) {
    if let receipt = try known(delayed.event, in: file) { return receipts.append(receipt) }
    guard file.table.count + count < QueueLimits.delayedEventCountMaximum,
      file.table.byteCount + byteCount + delayed.event.byteCount
        <= QueueLimits.delayedByteCountMaximum
    else {
      let refusal = QueueError.tooManyDelayed(
        count: file.table.count + count, byteCount: file.table.byteCount + byteCount)
      return receipts.append(.failure(refusal))
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
    receipts.append(.success(receipt))
  }

  private mutating func nextID(in file: borrowing DelayedFile) throws(QueueError) -> DelayedID {
    var id: DelayedID
    if let lastID {
      id = lastID.next
    } else {
      do { id = try DelayedID.fresh(now: now) } catch { throw .system(error) }
    }
    while file.table.places[id] != nil { id = id.next }
    lastID = id
    return id
  }

  /// What is answered where the event's key is that of one that waits; nil where it is not.
  private func known(
    _ event: PendingEvent, in file: borrowing DelayedFile
  ) throws(QueueError) -> Result<DelayedReceipt, QueueError>? {
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
    return .success(DelayedReceipt(id: first.id, due: first.due, isReplayed: true))
  }
}
