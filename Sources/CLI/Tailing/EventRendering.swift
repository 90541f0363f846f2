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
    if self == .eventStream, range.event.isEmpty {
      for index in record.body { output.append(bytes[index]) }
      return
    }
    let line = try EventLine(record, bytes, epochs: epochs)
    guard range.takes(line.event) else { return }
    switch self {
    case .exportLine: output += try line.json()
    case .tailLine: output += try TailLine(line).json()
    case .eventStream: for index in record.body { output.append(bytes[index]) }
    }
  }
}
