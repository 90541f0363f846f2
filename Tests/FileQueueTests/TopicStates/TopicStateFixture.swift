import EventStream
import Kernel
import Support
import SystemPackage

@testable import FileQueue

/// A queue in a folder of its own, and short ways to end topics in it.
struct TopicStateFixture {
  let queue: QueueFixture
  private let parent: TemporaryDirectory
  let path: FilePath

  init() throws {
    queue = try QueueFixture()
    parent = queue.directory
    path = parent.path.appending("queue")
    directory = QueueFolder(path: path)
  }

  let directory: QueueFolder

  func open() throws -> Queue { try Queue(at: path, creating: true) }

  func topics(_ texts: String...) throws -> [Topic] { try texts.map { try Topic($0) } }

  /// Appends events in one batch, written `topic,topic: data`, with `!` behind the last one of its topics.
  ///
  /// - Returns: for each its sequence, or the topic that has ended.
  func append(_ texts: [String], _ appender: inout Appender) throws -> [String] {
    let events = try texts.map { text in
      let parts = text.split(separator: ": ").map(String.init)
      return try PendingEvent(
        Event(data: parts[1].filter { $0 != "!" }),
        topics: parts[0].split(separator: ",").map { try Topic(String($0)) },
        isEnd: parts[1].hasSuffix("!"))
    }
    return try appender.append(events).map { outcome in
      switch outcome {
      case .appended(let appended): "\(appended.sequence)"
      case .refused(.topicEnded(let topic)): topic
      case .refused(let error): "\(error)"
      }
    }
  }

  /// The data of all events that a filter takes.
  func read(_ queue: Queue, _ topic: String) throws -> [String] {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var found: [String] = []
    let filter = try TopicFilter([topic])
    while true {
      let outcome = try reader.read(from: &cursor, matching: filter, byteCountMaximum: 1 << 16) {
        found.append(Self.data($0, $1))
      }
      if outcome == .caughtUp { return found }
    }
  }

  /// The data of all events that are not hidden.
  func readUnfiltered(_ queue: Queue) throws -> [String] {
    var reader = QueueReader(queue)
    var cursor = try reader.cursor(at: 1)
    var found: [String] = []
    _ = try reader.read(from: &cursor, byteCountMaximum: 1 << 16) {
      if !queue.hides($0, $1) { found.append(Self.data($0, $1)) }
    }
    return found
  }

  private static func data(_ record: RecordLayout, _ bytes: Span<UInt8>) -> String {
    let body = String(decoding: record.body.map { bytes[$0] }, as: UTF8.self)
    return body.split(separator: "\n").first { $0.hasPrefix("data: ") }.map {
      String($0.dropFirst(6))
    } ?? ""
  }

  /// The lines of the file `topics`.
  func lines() throws -> [String] {
    String(decoding: try directory.bytes("topics"), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  /// What a check finds.
  func damage() throws -> [String] {
    var found: [String] = []
    try QueueCheck(path).run { if $0.isDamage { found.append("\($0)") } }
    return found
  }
}

/// The files of a folder.
struct QueueFolder {
  let path: FilePath

  func names() throws -> [String] { try FileSystem.names(in: path) }

  func bytes(_ name: String) throws -> [UInt8] {
    let file = try Descriptor.open(path.appending(name), .readOnly)
    var bytes = [UInt8](repeating: 0, count: try file.status().byteCount)
    var span = bytes.mutableSpan
    _ = try file.read(at: 0, into: &span)
    return bytes
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    let file = try Descriptor.open(path.appending(name), .createIfMissing)
    try file.truncate(to: 0)
    try file.writeAll(bytes.span, at: 0)
  }

  func append(_ name: String, _ bytes: [UInt8]) throws {
    let file = try Descriptor.open(path.appending(name), .readWrite)
    try file.writeAll(bytes.span, at: file.status().byteCount)
  }

  func cut(_ name: String, to byteCount: Int) throws {
    try Descriptor.open(path.appending(name), .readWrite).truncate(to: byteCount)
  }

  func remove(_ name: String) throws { try FileSystem.unlink(path.appending(name)) }
}

extension UpkeepRounds {
  /// One round with retention.
  static func runOnce(_ queue: Queue) throws {
    var rounds = try UpkeepRounds(queue, retention: Retention.standard) { _, text in print(text) }
    rounds.run()
  }
}
