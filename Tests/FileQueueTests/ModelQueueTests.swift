import EventStream
import Kernel
import Support
import SystemPackage
import Testing

@testable import FileQueue

/// Any sequence of operations by up to three who have the queue open leaves it as a plain array
/// would be left, also where appenders die in the middle.
struct ModelQueueTests {
  @Test func `whatever is done to a queue, it reads as a plain array would`() throws {
    var random = SeededGenerator()
    for round in 0..<(LongForm.isAskedFor ? 400 : 10) {
      var run = try ModelRun(random: random)
      for step in 0..<200 {
        do {
          try run.step()
        } catch {
          Issue.record(
            "round \(round), step \(step), \(run.did): \(error); WEIR_SEED=\(SeededGenerator.seed) replays this"
          )
          return
        }
      }
      random = run.random
    }
  }
}

/// A queue and the array that it is held against.
private struct ModelRun {
  var random: SeededGenerator
  /// The last operation, for the report of a failure.
  private(set) var did = ""
  private let fixture: QueueFixture
  /// Of events that come: a queue whose page is gone begins another one.
  private var epoch: UInt32
  private let segmentByteCountMaximum: Int
  private var model: [Reading.Event] = []
  private var handles: [Handle?] = [nil, nil, nil]

  /// One who has the queue open: appends, and follows from wherever it began.
  private final class Handle {
    let queue: Queue
    var appender: Appender
    var reader: QueueReader
    var cursor: Cursor

    init(_ fixture: QueueFixture, segmentByteCountMaximum: Int, from sequence: UInt64) throws {
      queue = try fixture.open()
      appender = try Appender(queue, segmentByteCountMaximum: segmentByteCountMaximum)
      reader = QueueReader(queue)
      cursor = try reader.cursor(at: sequence)
    }
  }

  init(random: SeededGenerator) throws {
    self.random = random
    fixture = try QueueFixture(inMemory: true)
    epoch = try fixture.open().epoch
    segmentByteCountMaximum = Int.random(in: 100...5000, using: &self.random)
  }

  mutating func step() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<45: try append()
    case 45..<65: try read()
    case 65..<80: try follow()
    case 80..<88: try close()
    case 88..<92: try tearTail()
    case 92..<95: try leaveRollHalfDone()
    case 95..<97: try closeAllAndDeleteDerivedFiles()
    default: try closeAllAndLeaveWholeRecord()
    }
  }

  // MARK: - What is done

  private mutating func append() throws {
    let batch = try (0..<Int.random(in: 1...5, using: &random)).map { _ in try randomEvent() }
    did = "append \(batch.count) events"
    let first = next
    let sequences = try randomHandle().appender.append(batch).sequences
    try require(sequences == first..<(first + UInt64(batch.count)), "sequences \(sequences)")
    for event in batch { take(event) }
  }

  private mutating func read() throws {
    let from = UInt64.random(in: 1...next, using: &random)
    let limit = UInt64.random(in: from...(next + 3), using: &random)
    let byteCountMaximum = Int.random(in: 1...3000, using: &random)
    did = "read from \(from) up to \(limit), \(byteCountMaximum) bytes at a time"
    let queue = try randomHandle().queue
    let expected = model[Int(from - 1)..<Int(min(limit, next) - 1)]
    let model = model
    let reading = try withDeadline {
      var reader = QueueReader(queue)
      var cursor = try reader.cursor(at: from)
      return try Reading(
        queue, &reader, &cursor, upTo: limit, byteCountMaximum: byteCountMaximum)
    }
    try require(reading.gaps.isEmpty, "gaps \(reading.gaps)")
    try require(reading.events == Array(expected), "read \(reading.events) of \(model.count)")
    try require(queue.durableNext == next, "the durable end is \(queue.durableNext)")
  }

  private mutating func follow() throws {
    let handle = try randomHandle()
    did = "follow from \(handle.cursor.sequence)"
    let expected = model[Int(handle.cursor.sequence - 1)...]
    let reading = try Reading(handle.queue, &handle.reader, &handle.cursor)
    try require(reading.gaps.isEmpty, "gaps \(reading.gaps)")
    try require(reading.events == Array(expected), "read \(reading.events)")
  }

  private mutating func close() throws {
    did = "close one"
    handles[Int.random(in: handles.indices, using: &random)] = nil
  }

  /// What an appender leaves that dies while it writes.
  private mutating func tearTail() throws {
    let record = try render(try randomEvent())
    let junk = record.prefix(Int.random(in: 1..<record.count, using: &random))
    did = "tear the tail, \(junk.count) bytes of a record"
    try FileHandleForAppending(try lastSegment()).append(Array(junk))
  }

  /// What an appender leaves that dies after it has made the next segment and before anything refers
  /// to that.
  private mutating func leaveRollHalfDone() throws {
    did = "leave a roll half done, before \(next)"
    guard next > 1 else { return }
    let queue = try randomHandle().queue
    let name = SegmentName(first: next)
    guard try !fixture.directory.names().contains(name.textFile) else { return }
    queue.tail.beginning = name
    try fixture.directory.write([], to: name.textFile)
    if Bool.random(using: &random) { try fixture.directory.write([], to: name.indexFile) }
  }

  private mutating func closeAllAndDeleteDerivedFiles() throws {
    handles = [nil, nil, nil]
    let derived = try fixture.directory.names().filter {
      $0 == "tail" || $0 == "lock" || $0.hasSuffix(".idx") || $0.hasSuffix(".topics")
    }
    let gone = derived.filter { _ in Bool.random(using: &random) }
    did = "delete \(gone)"
    for name in gone { try fixture.directory.remove(name) }
  }

  /// What an appender leaves that dies between its write and its word of it: a whole record, which
  /// whoever opens the queue next may keep, and does.
  private mutating func closeAllAndLeaveWholeRecord() throws {
    handles = [nil, nil, nil]
    try waitUntilClosed()
    let queue = try fixture.open()
    try require(queue.durableNext == next, "the durable end is \(queue.durableNext)")
    // An appender begins an epoch before it writes.
    epoch = try #require(try EpochFile.read(in: fixture.path)).current
    let event = try randomEvent()
    did = "leave a whole record, \(next)"
    try FileHandleForAppending(try lastSegment()).append(try render(event))
    take(event)
  }

  // MARK: - With what

  private var next: UInt64 { UInt64(model.count) + 1 }

  /// Waits until nobody has the queue open: a process that another test starts holds copies of all
  /// descriptors for a moment, until it becomes another program.
  private func waitUntilClosed() throws {
    guard try fixture.directory.names().contains("tail") else { return }
    let presence = FileLock(try Descriptor.open(fixture.path.appending("tail"), .readWrite))
    try require(try presence.lock(patience: .seconds(10)), "somebody has the queue open")
    // Not by closing it: it may have been copied meanwhile.
    try presence.unlock()
  }

  private mutating func randomHandle() throws -> Handle {
    if handles.allSatisfy({ $0 == nil }) { try waitUntilClosed() }
    let index = Int.random(in: handles.indices, using: &random)
    if let handle = handles[index] { return handle }
    let handle = try Handle(
      fixture, segmentByteCountMaximum: segmentByteCountMaximum,
      from: UInt64.random(in: 1...next, using: &random))
    handles[index] = handle
    epoch = handle.queue.epoch
    return handle
  }

  private mutating func randomEvent() throws -> PendingEvent {
    let topics = ["a", "b", "a.b", "two words", "100%", "größe"]
    let parts = [
      "\n", "\r", "\n\n", ": 3 1 26 00000000 t\n", "id: x", "data: ", "text ", "💡", "\0",
    ]
    let topic = try Topic(topics.randomElement(using: &random) ?? "a")
    return try PendingEvent(Event(data: random.text(of: parts, 0...8)), topic: topic)
  }

  private func render(_ event: PendingEvent) throws -> [UInt8] {
    var bytes: [UInt8] = []
    RecordWriter.append(
      event, sequence: next, time: DecimalDigits(1_900_000_000_000),
      epochDigits: HexadecimalDigits(epoch), to: &bytes)
    return bytes
  }

  private func lastSegment() throws -> FilePath {
    let names = try fixture.directory.names().filter { $0.hasSuffix(".sse") }
    return fixture.path.appending(names.last ?? "none")
  }

  private mutating func take(_ event: PendingEvent) {
    let id = EventID(epoch: epoch, sequence: next)
    model.append(
      Reading.Event(
        sequence: next,
        // The head's line ends with the topic, then come the fields.
        topic: String(decoding: event.content.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self),
        body: String(decoding: event.content.suffix(event.fieldsByteCount), as: UTF8.self)
          + "id: \(id)\n\n"))
  }

  private func require(_ holds: Bool, _ what: @autoclosure () -> String) throws {
    if !holds { throw Reading.Disorder(what: "\(what()); next is \(next)") }
  }
}
