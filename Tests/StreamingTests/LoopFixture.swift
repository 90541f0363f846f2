import EventStream
import Foundation
import Kernel
import Logging
import Support
import SystemPackage

@testable import FastCGI
@testable import Figures
@testable import FileQueue
@testable import Streaming

/// A stream loop that is driven by hand, on a queue with a segment for each event.
final class LoopFixture {
  let loop: StreamLoop
  /// Counts the streams.
  let admission = Admission(Admission.Limits())
  let counters = Counters()
  /// What the loop takes the time from.
  let wall = WallClock()
  let queue: Queue
  private let directory: TemporaryDirectory
  private var appender: Appender
  private var clients: [Client] = []

  private final class Client {
    let socket: Descriptor
    init(_ socket: consuming Descriptor) { self.socket = socket }
  }

  /// - Parameter data: of events that are in the queue before the loop begins.
  init(
    _ configuration: StreamConfiguration = StreamConfiguration(), published data: [String] = []
  ) throws {
    // Some tests open a thousand streams, two descriptors each.
    _ = try DescriptorLimit.raise()
    directory = try TemporaryDirectory()
    queue = try Queue(at: directory.path.appending("queue"), creating: true)
    appender = try Appender(queue, segmentByteCountMaximum: 1)
    for data in data { try Self.publish(data, with: &appender) }
    loop = try StreamLoop(
      queue, configuration, try StreamLoopDoor(),
      Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, counters, index: 0, wall: wall.now)
  }

  deinit {
    loop.endAll()
  }

  /// What the loop has counted.
  var counted: PageValues {
    loop.counts.flush(to: counters, now: Clock.monotonicNanoseconds())
    return counters.values
  }

  /// - Parameter expiresAt: in milliseconds since 1970.
  func publish(
    _ data: String, type: EventType? = nil, retry: Int? = nil, expiresAt: Int64? = nil
  ) throws {
    let event = Event(type: type, data: data, retryMilliseconds: retry)
    _ = try appender.append([try PendingEvent(event, topic: .default, expiresAt: expiresAt)])
  }

  func publish(
    _ data: String, topics: [String], isEnd: Bool = false, expiresAt: Int64? = nil
  ) throws {
    let topics = try topics.map { try Topic($0) }
    _ = try appender.append([
      try PendingEvent(Event(data: data), topics: topics, isEnd: isEnd, expiresAt: expiresAt)
    ])
  }

  func delete(_ topic: String) throws { _ = try appender.delete([try Topic(topic)]) }

  /// Publishes an event of some topics.
  func publish(_ data: String, topics: [String], type: String?, retry: Int?) throws {
    let event = Event(
      type: try type.map { try EventType($0) }, data: data, retryMilliseconds: retry)
    _ = try appender.append([
      try PendingEvent(event, topics: try topics.map { try Topic($0) })
    ])
  }

  /// Publishes many events in one batch.
  func publishAtOnce(_ data: [String]) throws {
    _ = try appender.append(
      try data.map { try PendingEvent(Event(data: $0), topic: .default) })
  }

  private static func publish(_ data: String, with appender: inout Appender) throws {
    _ = try appender.append([try PendingEvent(Event(type: nil, data: data), topic: .default)])
  }

  /// Opens a stream that wants the events from `sequence` on, all of them published after it came.
  func subscribe(
    from sequence: UInt64, topic: String? = nil, _ second: String? = nil, names: EventNames? = nil
  ) throws {
    let filter = try TopicFilter([topic, second].compactMap(\.self))
    try open(StreamRequest(filter, names: names, from: .next), joinsAt: sequence)
  }

  /// Opens a stream that comes back after an event.
  func resume(after sequence: UInt64) throws {
    let id = EventID(epoch: queue.epoch, sequence: sequence)
    try open(StreamRequest(try TopicFilter([]), from: .after(id)))
  }

  /// Opens a stream that comes now, or came at an end.
  ///
  /// - Parameter whenOver: what it is told whose topics have ended, and there is nothing for it.
  func open(
    _ request: StreamRequest, joinsAt end: UInt64? = nil, opening: String = "",
    whenOver: String? = nil
  ) throws {
    guard case .admitted(let slot) = admission.admit("test", now: 0) else { return }
    let arrival = Arrival(
      remoteAddress: "test", source: .queue(request), opening: Array(opening.utf8),
      whenOver: whenOver.map { Array($0.utf8) },
      joinsAt: end ?? queue.durableNext, slot: slot)
    try UnixSocket.pair().split { ours, theirs in
      clients.append(Client(ours))
      loop.open(arrival, ConnectionHandover(StreamConnection(theirs, requestID: 1)))
    }
    loop.joinWaiting()
  }

  /// What a stream has got since the last call, at most 64 KiB.
  func receivedText(by index: Int = 0) throws -> String {
    var bytes = [UInt8](repeating: 0, count: 65_536)
    var span = bytes.mutableSpan
    guard case .transferred(let count) = try clients[index].socket.receive(into: &span) else {
      return ""
    }
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  /// The data of the events that a stream has got since the last call.
  func received(by index: Int = 0) throws -> [String] {
    Self.data(in: try receivedText(by: index))
  }

  /// Whether a response has been ended as FastCGI has it, with the record END_REQUEST.
  func hasEnd(in text: String) -> Bool {
    text.utf8.suffix(16).starts(with: [1, 3, 0, 1, 0, 8])
  }

  static func data(in text: String) -> [String] {
    text.split(separator: "\n")
      .filter { $0.contains("data: ") }.map { String($0.split(separator: "data: ").last ?? "") }
  }

  /// Has the streams that are behind get all they can without being read from.
  func serve(rounds: Int = 100) {
    for _ in 0..<rounds {
      loop.serveBehind()
      loop.joinWaiting()
    }
  }

  /// Reads all that each stream gets until nobody has anything left to send: the contents of the records.
  func contents() throws -> [String] {
    var bytes = [[UInt8]](repeating: [], count: clients.count)
    var quietCount = 0
    while quietCount < 3 || !loop.behind.isEmpty {
      for subscriber in loop.subscribers.all { loop.resume(subscriber) }
      serve(rounds: 1)
      quietCount += 1
      for index in clients.indices {
        var piece = [UInt8](repeating: 0, count: 65_536)
        var span = piece.mutableSpan
        guard case .transferred(let count) = try clients[index].socket.receive(into: &span),
          count > 0
        else { continue }
        bytes[index] += piece[..<count]
        quietCount = 0
      }
    }
    return bytes.map(Self.content)
  }

  /// What stands in the STDOUT records of a response.
  private static func content(of records: [UInt8]) -> String {
    var content: [UInt8] = []
    var place = 0
    while place + 8 <= records.count {
      let count = Int(records[place + 4]) << 8 | Int(records[place + 5])
      let end = min(records.count, place + 8 + count)
      if records[place + 1] == 6 { content += records[(place + 8)..<end] }
      place = end + Int(records[place + 6])
    }
    return String(decoding: content, as: UTF8.self)
  }

  /// Reads all that a stream gets until it is live again.
  func textUntilLive(by index: Int = 0) throws -> String {
    var text = ""
    let deadline = Clock.monotonicNanoseconds() + 20_000_000_000
    while Clock.monotonicNanoseconds() < deadline {
      loop.resume(loop.subscribers.all[index])
      serve(rounds: 1)
      let piece = try receivedText(by: index)
      text += piece
      if piece.isEmpty, case .live = loop.subscribers.all[index].state { break }
    }
    return text
  }

  /// Takes a segment away, as retention does.
  func remove(segment first: UInt64) throws {
    let path = queue.directory.textPath(SegmentName(first: first)).string
    try FileManager.default.removeItem(atPath: path)
  }

  /// Makes a segment one that cannot be opened while `body` runs.
  func withUnreadable(segment first: UInt64, _ body: () throws -> Void) throws {
    let path = queue.directory.textPath(SegmentName(first: first)).string
    try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
    // A link to itself: ELOOP, for root too.
    try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path)
    try body()
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
  }
}
