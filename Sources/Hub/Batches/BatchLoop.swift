import DequeModule
import FastCGI
import Figures
import FileQueue
import Kernel

/// The thread of ``Batches``: owns the batches, reads their lines, and replies.
struct BatchLoop {
  private let queue: Queue
  private let committer: Committer
  private let counters: Counters
  private let mailbox: Mailbox<Batches.Letter>
  private let waker: Waker
  private let places: BatchPlaces
  private var batches: [UInt64: Batch] = [:]
  /// Pieces that wait until less is under way, in turn.
  private var waiting: Deque<(number: UInt64, piece: BatchPiece)> = []
  private var byteCountUnderWay = 0
  /// About what all batches hold of lines that are read and not answered for.
  private var heldByteCount = 0
  /// Batches that wait until less is held, in turn.
  private var hungry: Deque<UInt64> = []
  private var isFinished = false

  init(
    _ queue: Queue, _ committer: Committer, _ counters: Counters,
    _ mailbox: Mailbox<Batches.Letter>, _ waker: Waker, _ places: BatchPlaces
  ) {
    self.queue = queue
    self.committer = committer
    self.counters = counters
    self.mailbox = mailbox
    self.waker = waker
    self.places = places
  }

  /// Serves until it is told to finish.
  mutating func run() {
    while !isFinished {
      for letter in mailbox.takeAll() {
        take(letter)
        feed()
      }
      if !isFinished { _ = try? waker.wait() }
    }
  }

  private mutating func take(_ letter: Batches.Letter) {
    switch letter {
    case .opened(let sink, let request):
      batches[sink.batch] = Batch(sink, request, folder: queue.path)
    case .piece(let bytes, let number):
      guard let batch = batches[number] else { return }
      batch.take(bytes)
      goOn(batch)
    case .ended(let number):
      guard let batch = batches[number] else { return }
      batch.end()
      goOn(batch)
    case .abandoned(let number):
      guard let batch = batches[number] else { return }
      batch.isAbandoned = true
      goOn(batch)
    case .stopped(let number):
      guard let batch = batches[number] else { return }
      batch.stopReading()
      goOn(batch)
    case .drained(let number):
      if let batch = batches[number] { sendResults(of: batch) }
    case .written(let number, let byteCount, let sentAt, let result):
      byteCountUnderWay -= byteCount
      if let batch = batches[number] {
        count(result, sentAt: sentAt)
        note(result, of: batch)
        // Those that have waited come before it.
        feed()
        goOn(batch)
      }
      submitWaiting()
    case .finish:
      isFinished = true
    }
  }

  /// Reads on as far as there is room, sends what is read to the disk, and replies where all is done.
  private mutating func goOn(_ batch: Batch) {
    batch.limitLines(toByteCount: lineRoom(besides: batch))
    while let piece = advance(batch) {
      if piece.events.isEmpty {
        counters.add(UInt64(piece.refusals.count), to: PageLayout.publishesRefusedCell)
        note(.success([]), of: batch)
      } else {
        waiting.append((batch.sink.batch, piece))
        submitWaiting()
      }
    }
    if batch.wantsRoom, !batch.waitsForRoom {
      batch.waitsForRoom = true
      hungry.append(batch.sink.batch)
    }
    if batch.isDone { reply(batch) }
  }

  private mutating func advance(_ batch: Batch) -> BatchPiece? {
    let before = batch.heldByteCount
    defer { heldByteCount += batch.heldByteCount - before }
    return batch.advance(room: HubLimits.batchesHeldByteCountMaximum - heldByteCount)
  }

  private mutating func note(_ result: Result<[AppendOutcome], QueueError>, of batch: Batch) {
    let before = batch.heldByteCount
    batch.note(result)
    heldByteCount += batch.heldByteCount - before
  }

  /// Has those go on that wait for room, as far as there is some: where there is none, something is under way.
  private mutating func feed() {
    while heldByteCount < HubLimits.batchesHeldByteCountMaximum, let number = hungry.first {
      hungry.removeFirst()
      guard let batch = batches[number] else { continue }
      batch.waitsForRoom = false
      goOn(batch)
    }
  }

  /// What is left for a batch's line by the lines of the others.
  private func lineRoom(besides batch: Batch) -> Int {
    let maximum = HubLimits.batchLinesByteCountMaximum
    // So few cannot fill it.
    guard batches.count > maximum / QueueLimits.bodyByteCountMaximum else { return maximum }
    return maximum - batches.values.reduce(0) { $0 + $1.keptByteCount } + batch.keptByteCount
  }

  private mutating func submitWaiting() {
    while byteCountUnderWay < HubLimits.batchesUnderWayByteCountMaximum,
      let (number, piece) = waiting.first
    {
      waiting.removeFirst()
      counters.add(UInt64(piece.refusals.count), to: PageLayout.publishesRefusedCell)
      let byteCount = piece.byteCount
      byteCountUnderWay += byteCount
      let sentAt = Clock.monotonicNanoseconds()
      committer.submit(piece.events) { [mailbox] result in
        mailbox.post(.written(number, byteCount: byteCount, sentAt: sentAt, result))
      }
    }
  }

  /// Counts each event as a publish that took as long as its piece.
  private func count(_ result: Result<[AppendOutcome], QueueError>, sentAt: Int64) {
    guard case .success(let outcomes) = result else { return }
    let acceptedCount = outcomes.count { $0.sequence != nil }
    let latency = max(0, Clock.monotonicNanoseconds() - sentAt)
    counters.note(UInt64(latency / 1000), times: UInt64(acceptedCount), in: .publish)
    counters.add(
      UInt64(outcomes.count - acceptedCount), to: PageLayout.publishesRefusedCell)
  }

  // MARK: - The reply

  private mutating func reply(_ batch: Batch) {
    if batch.isAbandoned { return forget(batch) }
    let reply = BatchReply(
      tally: batch.tally, stop: batch.stop, epochs: queue.epochs, durability: committer.durability)
    if let problem = reply.problem { counters.add(to: PageLayout.cell(problem.code)) }
    guard let results = batch.takeResults() else {
      batch.sink.exchange.complete(reply.response)
      return forget(batch)
    }
    batch.stage = .replying(results, end: reply.lastLine)
    sendResults(
      of: batch, head: reply.head.adding(batch.sink.exchange.headers).rendered)
  }

  /// Sends the next result lines of a batch.
  private mutating func sendResults(of batch: Batch, head: [UInt8] = []) {
    guard case .replying(let results, let end) = batch.stage, !batch.isAbandoned else { return }
    guard let lines = try? results.next(byteCount: HubLimits.resultPieceByteCount, queue.epochs)
    else {
      // Without its last line it is known not to be whole.
      batch.sink.exchange.send(head, isLast: true)
      return forget(batch)
    }
    let isLast = lines.count < HubLimits.resultPieceByteCount
    batch.sink.exchange.send(head + lines + (isLast ? end : []), isLast: isLast)
    if isLast { forget(batch) }
  }

  private mutating func forget(_ batch: Batch) {
    batches[batch.sink.batch] = nil
    batch.sink.close()
    places.giveBack()
  }
}
