import DequeModule
import FileQueue
import Kernel
import SystemPackage

/// A batch that is being published: a body of one event a line; belongs to the thread of ``Batches``.
///
/// It reads lines while a piece of it is on its way to the disk, one piece at a time: where that fails,
/// nothing behind it is in the queue.
final class Batch {
  /// What the batch is at.
  enum Stage {
    /// Lines come.
    case reading
    /// All of the body has come; the last lines are on their way.
    case ended(isRead: Bool)
    /// Nothing more is taken from a line on, and why.
    case stopped(Problem, line: Int)
    /// Result lines are sent, and one behind them.
    case replying(ResultReader, end: [UInt8])
  }

  let sink: BatchSink
  private(set) var request: BatchRequest
  var stage = Stage.reading
  /// Whether it stands in the queue of those that wait for room.
  var waitsForRoom = false
  /// Whether the sender is gone: nobody reads a reply.
  var isAbandoned = false
  /// Whether the process is about to end.
  private var isStopping = false

  private var received: Deque<[UInt8]> = []
  private var splitter = LineSplitter(lineByteCountMaximum: QueueLimits.bodyByteCountMaximum)
  /// What is read and not on its way.
  private var next = BatchPiece()
  /// What is on its way to the disk.
  private(set) var underWay: BatchPiece?
  private(set) var tally = BatchTally()
  private let log: ResultLog?
  /// Why result lines could not be kept.
  private var logFailure: SystemCallError?
  private let resultsByteCountMaximum: Int

  /// - Parameters:
  ///   - folder: where results are kept that are too many for memory.
  ///   - resultsByteCountMaximum: how many bytes of them.
  init(
    _ sink: BatchSink, _ request: BatchRequest, folder: FilePath,
    resultsByteCountMaximum: Int = HubLimits.resultsByteCountMaximum
  ) {
    self.resultsByteCountMaximum = resultsByteCountMaximum
    self.sink = sink
    self.request = request
    log = request.wantsLines ? ResultLog(folder: folder) : nil
  }

  // MARK: - Reading

  /// What is kept of a line whose end has not come.
  var keptByteCount: Int { splitter.keptByteCount }

  /// How long a line may be at present, because lines of all batches together take memory.
  func limitLines(toByteCount maximum: Int) {
    splitter.lineByteCountMaximum = min(
      QueueLimits.bodyByteCountMaximum,
      max(maximum, keptByteCount, HubLimits.batchLineByteCountMinimum))
  }

  func take(_ piece: [UInt8]) {
    guard case .reading = stage else { return sink.hasRead(piece.count) }
    received.append(piece)
  }

  /// All of the body has come.
  func end() {
    if case .reading = stage { stage = .ended(isRead: false) }
  }

  /// Takes nothing more than what is read, because the process is about to end.
  func stopReading() {
    guard case .reading = stage else { return }
    isStopping = true
  }

  /// About what is held of lines that are read and not answered for.
  var heldByteCount: Int { next.heldByteCount + (underWay?.heldByteCount ?? 0) }

  /// Whether there is something to read now, for which there was no room.
  var wantsRoom: Bool {
    guard !next.isFull, !isStopping else { return false }
    return switch stage {
    case .reading: !received.isEmpty
    case .ended(let isRead): !isRead
    case .stopped, .replying: false
    }
  }

  /// Reads lines as far as there is room for them; returns what is to go to the disk now, if anything is.
  ///
  /// - Parameter room: how many bytes of lines more may be held; the last line may go over it.
  func advance(room: Int) -> BatchPiece? {
    switch stage {
    case .stopped, .replying: return nil
    case .reading, .ended: break
    }
    let heldByteCountMaximum = next.heldByteCount + room
    while !isStopping, let piece = received.first {
      guard read(piece, upTo: heldByteCountMaximum) else { break }
      received.removeFirst()
      sink.hasRead(piece.count)
    }
    if case .ended(isRead: false) = stage, received.isEmpty, takesLine(upTo: heldByteCountMaximum) {
      readLast()
      stage = .ended(isRead: true)
    }
    guard underWay == nil, !next.isEmpty else {
      if isStopping, underWay == nil {
        stop(Problem(QueueError.stopped), line: splitter.number + 1)
      }
      return nil
    }
    let piece = next
    next = BatchPiece()
    underWay = piece
    return piece
  }

  /// Whether all is done that there was to do.
  var isDone: Bool {
    switch stage {
    case .reading: isAbandoned && received.isEmpty && underWay == nil && next.isEmpty
    case .ended(let isRead): isRead && underWay == nil && next.isEmpty
    case .stopped: underWay == nil
    case .replying: isAbandoned
    }
  }

  private func takesLine(upTo heldByteCountMaximum: Int) -> Bool {
    !next.isFull && next.heldByteCount < heldByteCountMaximum
  }

  /// Reads the lines of a piece, or goes on with them; returns whether it is used up.
  private func read(_ piece: [UInt8], upTo heldByteCountMaximum: Int) -> Bool {
    let bytes = piece.span
    request.renew()
    while takesLine(upTo: heldByteCountMaximum) {
      switch splitter.next(in: bytes) {
      case .line(let range):
        next.take(bytes.extracting(range), number: splitter.number, request)
      case .joined(let line): next.take(line.span, number: splitter.number, request)
      case .tooLong(let limit): next.refuse(Self.lineTooLong(limit), line: splitter.number)
      case .nothing: return true
      }
    }
    return false
  }

  /// The line that ends with the body, if there is one.
  private func readLast() {
    switch splitter.last() {
    case .joined(let line): next.take(line.span, number: splitter.number, request)
    case .tooLong(let limit): next.refuse(Self.lineTooLong(limit), line: splitter.number)
    case .line, .nothing: break
    }
  }

  private static func lineTooLong(_ limit: Int) -> Problem {
    limit < QueueLimits.bodyByteCountMaximum
      ? Problem(
        status: 503, code: .queueBusy,
        detail:
          "long lines of other batches leave room for \(limit) bytes at present: send the line "
          + "again later", retryAfterSeconds: 1)
      : Problem(
        status: 413, code: .eventTooLarge,
        detail: "the line is longer than \(limit) bytes: send less data in one event")
  }

  private static func tooManyResults(_ maximum: Int) -> Problem {
    Problem(
      status: 413, code: .bodyTooLarge,
      detail:
        "the results of the lines take more than \(maximum) bytes: send the others as another "
        + "batch, or ask for no line for each event (Accept)", field: "Accept")
  }

  // MARK: - What became of it

  /// Why and from which line on nothing was taken.
  var stop: (problem: Problem, line: Int)? {
    if case .stopped(let problem, let line) = stage { (problem, line) } else { nil }
  }

  /// The results line by line, where they were asked for and could be kept.
  func takeResults() -> ResultReader? {
    logFailure == nil ? try? log?.finish() : nil
  }

  /// Notes what became of the piece that was under way.
  func note(_ result: Result<[AppendOutcome], QueueError>) {
    guard let piece = underWay else { return }
    underWay = nil
    switch result {
    case .success(let outcomes):
      note(piece, outcomes)
      // Without a place for results, the sender would not know what became of further lines.
      if let logFailure, let line = piece.lastLine {
        stop(Problem(QueueError.system(logFailure)), line: line + 1)
      } else if let log, log.byteCount > resultsByteCountMaximum, !isDone, let line = piece.lastLine
      {
        stop(Self.tooManyResults(resultsByteCountMaximum), line: line + 1)
      }
    case .failure(let error):
      stop(Problem(error), line: piece.firstLine ?? 1)
    }
  }

  private func note(_ piece: BatchPiece, _ outcomes: [AppendOutcome]) {
    var refusals = piece.refusals.makeIterator()
    var refusal = refusals.next()
    for (line, outcome) in zip(piece.lines, outcomes) {
      while let before = refusal, before.line < line {
        refuse(before.problem, line: before.line)
        refusal = refusals.next()
      }
      switch outcome {
      case .appended(let appended):
        tally.accept(appended)
        keep { log throws(SystemCallError) in try log.accept(line: line, appended) }
      case .refused(let error): refuse(Problem(error), line: line)
      }
    }
    while let last = refusal {
      refuse(last.problem, line: last.line)
      refusal = refusals.next()
    }
  }

  private func refuse(_ problem: Problem, line: Int) {
    tally.refuse(problem, line: line)
    keep { log throws(SystemCallError) in
      try log.refuse(BatchReply.line(of: problem, line: line))
    }
  }

  /// Keeps a result line where they were asked for, unless one before could not be kept.
  private func keep(_ write: (ResultLog) throws(SystemCallError) -> Void) {
    guard let log, logFailure == nil else { return }
    do throws(SystemCallError) { try write(log) } catch { logFailure = error }
  }

  /// Takes nothing from `line` on.
  private func stop(_ problem: Problem, line: Int) {
    stage = .stopped(problem, line: line)
    next = BatchPiece()
    for piece in received { sink.hasRead(piece.count) }
    received = []
  }
}
