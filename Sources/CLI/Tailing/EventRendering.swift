import EventStream
import FileQueue

/// How events of a queue are printed.
enum EventRendering {
  /// As `weir export` writes them.
  case exportLine
  /// As `weir tail --json` prints them.
  case tailLine
  /// As browsers get them; a `retry:` line is for those who are there when the event is published, so that only
  /// a copy of the queue has it.
  case eventStream(hasRetry: Bool)

  /// Appends an event.
  func append(
    _ record: RecordLayout, _ bytes: Span<UInt8>, epochs: Epochs, to output: inout [UInt8]
  ) throws {
    switch self {
    case .exportLine: output += try EventLine(record, bytes, epochs: epochs).json()
    case .tailLine: output += try TailLine(EventLine(record, bytes, epochs: epochs)).json()
    case .eventStream(let hasRetry):
      let body = bytes.extracting(record.body)
      let retry = hasRetry ? nil : EventStreamWriter.retryLine(in: body)
      for index in body.indices where retry?.contains(index) != true { output.append(body[index]) }
    }
  }
}
