import EventStream
import FileQueue

/// How events of a queue are printed.
enum EventRendering {
  /// As `weir export` writes them.
  case exportLine
  /// As `weir tail --json` prints them.
  case tailLine
  /// As browsers get them.
  case eventStream

  /// Appends an event, where `range` takes its type.
  func append(
    _ record: RecordLayout, _ bytes: Span<UInt8>, epochs: Epochs, of range: EventRange,
    to output: inout [UInt8]
  ) throws {
    guard range.takes(record, bytes) else { return }
    switch self {
    case .exportLine: output += try EventLine(record, bytes, epochs: epochs).json()
    case .tailLine: output += try TailLine(EventLine(record, bytes, epochs: epochs)).json()
    case .eventStream: for index in record.body { output.append(bytes[index]) }
    }
  }
}
