import FileQueue
import Kernel

/// Events of a batch that go into the queue together, and what was wrong with lines between them.
struct BatchPiece {
  /// In their order.
  private(set) var events: [PendingEvent] = []
  /// The line of each event.
  private(set) var lines: [Int] = []
  /// Lines that are no event, in their order.
  private(set) var refusals: [(line: Int, problem: Problem)] = []
  /// About what the events take on disk.
  private(set) var byteCount = 0
  /// About what all of it takes in memory.
  private(set) var heldByteCount = 0

  var isEmpty: Bool { events.isEmpty && refusals.isEmpty }

  /// Whether it is to go into the queue before more is added; one line may take it over its limits.
  var isFull: Bool {
    byteCount >= HubLimits.batchPieceByteCountMaximum
      || events.count + refusals.count >= HubLimits.batchPieceLineCountMaximum
  }

  /// The first line that it tells of.
  var firstLine: Int? {
    switch (lines.first, refusals.first?.line) {
    case (let event?, let refusal?): min(event, refusal)
    case (let event, let refusal): event ?? refusal
    }
  }

  /// The last line that it tells of.
  var lastLine: Int? {
    switch (lines.last, refusals.last?.line) {
    case (let event?, let refusal?): max(event, refusal)
    case (let event, let refusal): event ?? refusal
    }
  }

  /// Adds the event of a line.
  mutating func take(_ line: Span<UInt8>, number: Int, _ request: BatchRequest) {
    do throws(Problem) {
      add(try Self.event(line, request), line: number)
    } catch {
      refuse(error, line: number)
    }
  }

  mutating func refuse(_ problem: Problem, line: Int) {
    refusals.append((line, problem))
    heldByteCount += problem.detail.utf8.count + HubLimits.batchLineByteCountOverhead
  }

  private mutating func add(_ event: PendingEvent, line: Int) {
    events.append(event)
    lines.append(line)
    byteCount += event.byteCount
    heldByteCount += event.byteCount + HubLimits.batchLineByteCountOverhead
  }

  private static func event(
    _ line: Span<UInt8>, _ request: BatchRequest
  ) throws(Problem) -> PendingEvent {
    if let template = request.template, let range = PlainMessage.range(in: line) {
      do throws(QueueError) { return try template.event(line: line.extracting(range)) } catch {
        throw Problem(error)
      }
    }
    return try request.event(line: [UInt8](copying: line))
  }
}
