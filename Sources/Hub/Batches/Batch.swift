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
  let request: BatchRequest
  var stage = Stage.reading
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

  init(_ sink: BatchSink, _ request: BatchRequest, folder: FilePath) {
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

  /// Reads lines as far as there is room for them; returns what is to go to the disk now, if anything is.
  func advance() -> BatchPiece? {
    switch stage {
    case .stopped, .replying: return nil
    case .reading, .ended: break
    }
    while !next.isFull, !isStopping, let piece = received.first {
      received.removeFirst()
      read(piece)
      sink.hasRead(piece.count)
    }
    if case .ended(isRead: false) = stage, received.isEmpty {
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

  private func read(_ piece: [UInt8]) {
    let bytes = piece.span
    while true {
      switch splitter.next(in: bytes) {
      case .line(let range):
        next.take(bytes.extracting(range), number: splitter.number, request)
      case .joined(let line): next.take(line.span, number: splitter.number, request)
      case .tooLong(let limit): next.refuse(Self.lineTooLong(limit), line: splitter.number)
      case .nothing: return
      }
    }
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

  // MARK: - What became of it

  /// Why and from which line on nothing was taken.
  var stop: (problem: Problem, line: Int)? {
    if case .stopped(let problem, let line) = stage { (problem, line) } else { nil }
  }

  /// The results line by line, where they were asked for and could be kept.
  func takeResults() -> ResultReader? {
    try? log?.finish()
  }

  /// Notes what became of the piece that was under way.
  func note(_ result: Result<[AppendOutcome], QueueError>) {
    guard let piece = underWay else { return }
    underWay = nil
    switch result {
    case .success(let outcomes):
      do throws(SystemCallError) { try note(piece, outcomes) } catch {
        // Without a place for results, the sender would not know what became of further lines.
        let line = piece.lines.last.map { $0 + 1 } ?? piece.firstLine ?? 1
        stop(Problem(QueueError.system(error)), line: line)
      }
    case .failure(let error):
      stop(Problem(error), line: piece.firstLine ?? 1)
    }
  }

  private func note(_ piece: BatchPiece, _ outcomes: [AppendOutcome]) throws(SystemCallError) {
    var refusals = piece.refusals.makeIterator()
    var refusal = refusals.next()
    for (line, outcome) in zip(piece.lines, outcomes) {
      while let before = refusal, before.line < line {
        try refuse(before.problem, line: before.line)
        refusal = refusals.next()
      }
      switch outcome {
      case .appended(let appended):
        tally.accept(appended)
        try log?.accept(line: line, appended)
      case .refused(let error): try refuse(Problem(error), line: line)
      }
    }
    while let last = refusal {
      try refuse(last.problem, line: last.line)
      refusal = refusals.next()
    }
  }

  private func refuse(_ problem: Problem, line: Int) throws(SystemCallError) {
    tally.refuse(problem, line: line)
    try log?.refuse(BatchReply.line(of: problem, line: line))
  }

  /// Takes nothing from `line` on.
  private func stop(_ problem: Problem, line: Int) {
    stage = .stopped(problem, line: line)
    next = BatchPiece()
    for piece in received { sink.hasRead(piece.count) }
    received = []
  }
}
