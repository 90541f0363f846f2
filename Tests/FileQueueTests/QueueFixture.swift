import EventStream
import FileQueue
import Support
import SystemPackage

/// A queue in a directory of its own, and short ways to fill and read it.
struct QueueFixture {
  let directory: TemporaryDirectory
  var path: FilePath { directory.path }

  init(inMemory: Bool = false) throws {
    directory = try TemporaryDirectory(inMemory: inMemory)
  }

  func open() throws -> Queue {
    try Queue(at: path, creating: true)
  }

  /// Appends events with these data, one batch each; the queue is closed afterwards.
  func fill(
    _ texts: [String], topic: Topic = .default, segmentByteCountMaximum: Int = 1 << 20
  ) throws {
    let queue = try open()
    var appender = try Appender(queue, segmentByteCountMaximum: segmentByteCountMaximum)
    for text in texts { _ = try appender.append([try pending(text, topic: topic)]) }
  }

  func pending(_ text: String, topic: Topic = .default) throws -> PendingEvent {
    try PendingEvent(Event(data: text), topic: topic)
  }

  /// Reads everything from `sequence` on: the data of each event, and `gap 3..<5` for a gap.
  func read(_ queue: Queue, from sequence: UInt64 = 1) throws -> [String] {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: sequence)
    return try read(queue, &reader, &cursor)
  }

  func read(
    _ queue: Queue, _ reader: inout QueueReader, _ cursor: inout Cursor
  ) throws -> [String] {
    var found: [String] = []
    while true {
      let outcome = try reader.read(from: &cursor, byteCountMaximum: 1000) { record, bytes in
        var body: [UInt8] = []
        for index in record.body { body.append(bytes[index]) }
        found.append(Self.data(of: String(decoding: body, as: UTF8.self)))
      }
      switch outcome {
      case .caughtUp: return found
      case .more: continue
      case .gap(let gap): found.append("gap \(gap.missing)")
      }
    }
  }

  private static func data(of body: String) -> String {
    body.split(separator: "\n").filter { $0.hasPrefix("data: ") }
      .map { String($0.dropFirst(6)) }.joined(separator: "\n")
  }
}
